// A tree of services: an echo server and its statistics, started in order, stopped in reverse.
//
// Run it:  coil serve --listen tcp:8007 --every 2
// Talk to it with `coil echo-client`, then press Ctrl-C: the report says what became of everything.
// As root: coil serve --daemon --pid-file /run/echo.pid --log-file /var/log/echo.log --user nobody
#include "common/counters.h"
#include "common/samples.h"
#include "common/server_process.h"
#include "common/serving.h"

#include <coil/net/ports.h>
#include <coil/net/protocol.h>
#include <coil/runtime/application.h>
#include <coil/runtime/timer_service.h>

#include <memory>
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
  EchoService(coil::Reactor& reactor, const ServerOptions& options, Counters& counters)
      : Service("echo"), reactor_(reactor), options_(options), counters_(counters) {}

  coil::Task<void> privilegedStartService() override {
    port_.emplace(
        coil::listenTCP(reactor_, options_.listen, coil::Factory::forProtocol<Echo>(&counters_)));
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
    options_.process->say(reactor_, "the echo service has stopped");
  }

 private:
  coil::Reactor& reactor_;
  const ServerOptions& options_;
  Counters& counters_;
  std::optional<coil::ListeningPort> port_;
};

// The statistics depend on the server and so come after it: they stop first.
class Statistics : public coil::TimerService {
 public:
  Statistics(coil::Reactor& reactor, const ServerOptions& options, const Counters& counters)
      : TimerService(options.interval.value_or(std::chrono::seconds(2)),
                     [&] { options.process->say(reactor, "now " + counters.text()); }),
        reactor_(reactor),
        options_(options) {
    setName("statistics");
  }
  coil::Task<void> stopService() override {
    co_await TimerService::stopService();
    options_.process->say(reactor_, "the statistics have stopped");
  }

 private:
  coil::Reactor& reactor_;
  const ServerOptions& options_;
};

// Comes last: once it starts, everything serves.
class Readiness : public coil::Service {
 public:
  explicit Readiness(ServerProcess& process) : Service("readiness"), process_(process) {}
  coil::Task<void> startService() override {
    co_await Service::startService();
    process_.ready();
  }

 private:
  ServerProcess& process_;
};

}  // namespace

int service_tree(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  coil::Application application("echo and statistics");
  ServerProcess& process = *options.process;
  application.addService(std::make_shared<EchoService>(reactor, options, counters));
  application.addService(std::make_shared<Statistics>(reactor, options, counters));
  application.addService(std::make_shared<Readiness>(process));
  application.set_privilege_drop([&process] { process.give_up_privileges(); });
  const int status = application.run(reactor);
  process.say(reactor, "served " + counters.text());
  process.say(reactor, reactor.last_stop().text());
  return status;
}

}  // namespace samples
