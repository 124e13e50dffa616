// A tree of services: an echo server and its statistics, started in order, stopped in reverse.
//
// Run it:  coil serve --listen tcp:8007 --every 2
// Talk to it with `coil echo-client`, then press Ctrl-C: the report says what became of everything.
#include "common/counters.h"
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/ports.h>
#include <coil/net/protocol.h>
#include <coil/runtime/application.h>
#include <coil/runtime/timer_service.h>

#include <cstdio>
#include <optional>

namespace samples {

namespace {

class Echo : public coil::Protocol {
 public:
  explicit Echo(Counters* counters) : counters_(*counters), open_(*counters) {}

  void dataReceived(coil::ConstBytes data) override {
    ++counters_.messages;
    counters_.bytes += data.size();
    transport().write(data);
  }

 private:
  Counters& counters_;
  OpenConnection open_;
};

// Opens its port in the privileged step, where a program that was started as root may still ask for
// any port, and closes it when it stops.
class EchoService : public coil::Service {
 public:
  EchoService(coil::Reactor& reactor, coil::Address where, Counters& counters)
      : Service("echo"), reactor_(reactor), where_(where), counters_(counters) {}

  coil::Task<void> privilegedStartService() override {
    port_.emplace(coil::listenTCP(reactor_, where_, coil::Factory::forProtocol<Echo>(&counters_)));
    co_return;
  }
  coil::Task<void> startService() override {
    co_await Service::startService();
    announce(reactor_, port_->getHost(), "TCP echo, a tree of services");
  }
  coil::Task<void> stopService() override {
    co_await Service::stopService();
    if (!port_) co_return;
    co_await port_->stopListening();
    std::printf("the echo service has stopped\n");
  }

 private:
  coil::Reactor& reactor_;
  const coil::Address where_;
  Counters& counters_;
  std::optional<coil::ListeningPort> port_;
};

// The statistics depend on the server and so come after it: they stop first.
class Statistics : public coil::TimerService {
 public:
  Statistics(std::chrono::milliseconds every, const Counters& counters)
      : TimerService(every, [&counters] { print(counters); }) {
    setName("statistics");
  }
  coil::Task<void> stopService() override {
    co_await TimerService::stopService();
    std::printf("the statistics have stopped\n");
  }

 private:
  static void print(const Counters& counters) {
    std::printf("now %s\n", counters.text().c_str());
    std::fflush(stdout);
  }
};

}  // namespace

int service_tree(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  coil::Application application("echo and statistics");
  application.addService(std::make_shared<EchoService>(reactor, options.listen, counters));
  const std::chrono::milliseconds every = options.interval.value_or(std::chrono::seconds(2));
  application.addService(std::make_shared<Statistics>(every, counters));
  const int status = application.run(reactor);
  std::printf("served %s\n%s\n", counters.text().c_str(), reactor.last_stop().text().c_str());
  return status;
}

}  // namespace samples
