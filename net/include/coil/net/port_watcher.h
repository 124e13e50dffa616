// PortWatcher: is told of what listens and connects on a reactor.
#pragma once

#include <coil/net/connector.h>
#include <coil/net/datagram_port.h>
#include <coil/net/ports.h>

#include <memory>

namespace coil {

// PortWatcher: hears of each port and connector, if it is installed in their reactor.
//
// Example (tests/examples/memory_example.cpp, "watch"):
//
//   class PortList : public PortWatcher {
//     void listens(const ListeningPort& port, const Address&, const std::shared_ptr<Factory>&,
//                  const ListenOptions&) override {
//       std::puts(port.getHost().to_string().c_str());
//     }
//   };
//
//   reactor->install<PortWatcher>(std::make_shared<PortList>());
//
// Guarantees: Is called before listenTCP, connectTCP or listenUDP returns, not where one fails.
class PortWatcher {
 public:
  virtual ~PortWatcher() = default;
  // The address is the one that was asked for.
  virtual void listens(const ListeningPort&, const Address&, const std::shared_ptr<Factory>&,
                       const ListenOptions&) {}
  virtual void connects(const std::shared_ptr<Connector>&, const std::shared_ptr<ClientFactory>&,
                        const ConnectOptions&) {}
  virtual void receives(const std::shared_ptr<DatagramTransport>&, const Address&,
                        const std::shared_ptr<DatagramProtocol>&) {}
};

}  // namespace coil
