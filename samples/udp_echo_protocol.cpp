// A UDP echo server in Twisted's style: a DatagramProtocol subclass.
//
// Run it:  coil udp-echo --listen udp:8007 --style protocol
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/datagram_port.h>
#include <coil/net/protocol.h>

namespace samples {

namespace {

class UdpEcho : public coil::DatagramProtocol {
 public:
  explicit UdpEcho(Counters& counters) : counters_(counters) {}

  void datagramReceived(coil::ConstBytes data, const coil::Address& peer) override {
    ++counters_.messages;
    counters_.bytes += data.size();
    transport().write(data, peer);
  }

 private:
  Counters& counters_;
};

}  // namespace

int udp_echo_protocol(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  const auto port = coil::listenUDP(reactor, options.listen, std::make_shared<UdpEcho>(counters));
  announce(reactor, port->getHost(), "UDP echo, protocol style");
  return run_server(reactor, counters);
}

}  // namespace samples
