// How many connections a factory serves, in all and of each peer.
#include <coil/net/connection_limits.h>

namespace coil {

std::shared_ptr<Protocol> LimitTotalConnections::buildProtocol(const Address& peer) {
  if (connections() < connections_max_) return WrappingFactory::buildProtocol(peer);
  return overflow_ == nullptr ? nullptr : overflow_->buildProtocol(peer);
}

void LimitTotalConnections::startFactory() {
  WrappingFactory::startFactory();
  if (overflow_ != nullptr) overflow_->doStart();
}

void LimitTotalConnections::stopFactory() {
  if (overflow_ != nullptr) overflow_->doStop();
  WrappingFactory::stopFactory();
}

std::shared_ptr<Protocol> LimitConnectionsByPeer::buildProtocol(const Address& peer) {
  const auto at = counts_.find(peer.ip());
  if ((at == counts_.end() ? 0 : at->second) >= per_peer_max_) return nullptr;
  return WrappingFactory::buildProtocol(peer);
}

std::shared_ptr<ProtocolWrapper> LimitConnectionsByPeer::wrap(std::shared_ptr<Protocol> wrapped,
                                                              const Address& peer) {
  std::shared_ptr<ProtocolWrapper> wrapper = WrappingFactory::wrap(std::move(wrapped), peer);
  peers_.emplace(wrapper.get(), peer.ip());
  ++counts_[peer.ip()];
  return wrapper;
}

void LimitConnectionsByPeer::unregisterProtocol(ProtocolWrapper& protocol) {
  WrappingFactory::unregisterProtocol(protocol);
  const auto peer = peers_.find(&protocol);
  if (peer == peers_.end()) return;
  const auto count = counts_.find(peer->second);
  if (--count->second == 0) counts_.erase(count);
  peers_.erase(peer);
}

}  // namespace coil
