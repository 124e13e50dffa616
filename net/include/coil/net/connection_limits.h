// LimitTotalConnections and LimitConnectionsByPeer: how many connections a factory serves.
#pragma once

#include <coil/net/protocol_wrapper.h>

#include <cstddef>
#include <map>
#include <memory>
#include <utility>

namespace coil {

// LimitTotalConnections: refuses connections beyond a number, or has another factory serve them.
//
// Example (tests/examples/wrapper_example.cpp, "limits"):
//
//   auto limited = std::make_shared<LimitTotalConnections>(echo, 100, busy);
//   limited = std::make_shared<LimitTotalConnections>(echo, 100);   // Closes the 101st at once.
//
// Guarantees: Those that the overflow factory serves are not counted.
// Source:     Twisted's policies.LimitTotalConnectionsFactory.
class LimitTotalConnections : public WrappingFactory {
 public:
  LimitTotalConnections(std::shared_ptr<Factory> wrapped, std::size_t connections_max,
                        std::shared_ptr<Factory> overflow = nullptr)
      : WrappingFactory(std::move(wrapped)),
        connections_max_(connections_max),
        overflow_(std::move(overflow)) {}

  std::shared_ptr<Protocol> buildProtocol(const Address& peer) override;
  void startFactory() override;
  void stopFactory() override;

 private:
  std::size_t connections_max_;
  std::shared_ptr<Factory> overflow_;
};

// LimitConnectionsByPeer: refuses a peer that has a number of connections already.
//
// Example (tests/examples/wrapper_example.cpp, "limits"):
//
//   auto by_peer = std::make_shared<LimitConnectionsByPeer>(echo, 5);
//
// Guarantees: A peer is an IP address, whatever its ports.
// Source:     Twisted's policies.LimitConnectionsByPeer.
class LimitConnectionsByPeer : public WrappingFactory {
 public:
  LimitConnectionsByPeer(std::shared_ptr<Factory> wrapped, std::size_t per_peer_max)
      : WrappingFactory(std::move(wrapped)), per_peer_max_(per_peer_max) {}

  std::shared_ptr<Protocol> buildProtocol(const Address& peer) override;
  void unregisterProtocol(ProtocolWrapper& protocol) override;

 protected:
  std::shared_ptr<ProtocolWrapper> wrap(std::shared_ptr<Protocol> wrapped,
                                        const Address& peer) override;

 private:
  std::size_t per_peer_max_;
  std::map<IpAddress, std::size_t> counts_;
  std::map<const ProtocolWrapper*, IpAddress> peers_;
};

}  // namespace coil
