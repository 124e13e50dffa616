// A TCP echo server in Twisted's style: a Protocol subclass and a Factory.
//
// Run it:  coil echo --listen tcp:8007 --style protocol
// Read echo_server.cpp beside it: the same server, the other face.
#include "common/samples.h"
#include "common/serving.h"

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

}  // namespace

int echo_protocol(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  const auto factory = coil::Factory::forProtocol<Echo>(&counters);
  const coil::ListeningPort port = coil::listenTCP(reactor, options.listen, factory);
  announce(reactor, port.getHost(), "TCP echo, protocol style");
  return run_server(reactor, counters);
}

}  // namespace samples
