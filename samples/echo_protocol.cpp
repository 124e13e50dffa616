// A TCP echo server in Twisted's style: a Protocol subclass and a Factory.
//
// Run it:  coil echo --listen tcp:8007 --style protocol [--workers 2]
// Read echo_server.cpp beside it: the same server, the other face.
#include "common/samples.h"
#include "common/serving.h"
#include "common/workers.h"

#include <coil/net/ports.h>
#include <coil/net/protocol.h>

namespace samples {

namespace {

class Echo : public coil::Protocol {
 public:
  explicit Echo(Counters* counters) : counters_(*counters) {}

  void connectionMade() override {
    ++counters_.connections;
    ++counters_.open;
  }
  // The transport stops reading while too much waits to be written: nothing to do about a client
  // that does not read.
  void dataReceived(coil::ConstBytes data) override {
    ++counters_.messages;
    counters_.bytes += data.size();
    transport().write(data);
  }
  void connectionLost(const coil::Failure&) override { --counters_.open; }

 private:
  Counters& counters_;
};

// Each worker has a factory of its own.
coil::Task<void> serve(coil::PortShare share, Counters& counters) {
  co_await coil::serve_protocols(share, coil::Factory::forProtocol<Echo>(&counters));
}

}  // namespace

int echo_protocol(coil::Reactor& reactor, const ServerOptions& options) {
  constexpr const char* what = "TCP echo, protocol style";
  if (options.workers > 1) return run_workers(reactor, options, what, &serve);
  Counters counters;
  const auto factory = coil::Factory::forProtocol<Echo>(&counters);
  const coil::ListeningPort port = coil::listenTCP(reactor, options.listen, factory);
  announce(reactor, port.getHost(), what);
  return run_server(reactor, counters);
}

}  // namespace samples
