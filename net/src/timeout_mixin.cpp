// Connections that end when nothing happens on them for too long.
#include <coil/net/timeout_mixin.h>

#include <coil/net/tcp.h>

namespace coil {

void TimeoutProtocol::connectionMade() {
  setTimeout(first_period_);
  TimeoutMixin::connectionMade();
}

void TimeoutProtocol::dataReceived(ConstBytes data) {
  resetTimeout();
  TimeoutMixin::dataReceived(data);
}

void TimeoutProtocol::connectionLost(const Failure& reason) {
  setTimeout(std::nullopt);
  TimeoutMixin::connectionLost(reason);
}

void TimeoutProtocol::write(ConstBytes data) {
  resetTimeout();
  TimeoutMixin::write(data);
}

void TimeoutProtocol::writeSequence(std::span<const ConstBytes> pieces) {
  resetTimeout();
  TimeoutMixin::writeSequence(pieces);
}

Deferred<TcpStream> TimeoutProtocol::detach(ConstBytes unread) {
  Deferred<TcpStream> stream = TimeoutMixin::detach(unread);
  setTimeout(std::nullopt);
  return stream;
}

std::shared_ptr<ProtocolWrapper> TimeoutFactory::wrap(std::shared_ptr<Protocol> wrapped,
                                                      const Address&) {
  return make_wrapper<TimeoutProtocol>(std::move(wrapped), time_, period_);
}

}  // namespace coil
