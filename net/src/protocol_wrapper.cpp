// A policy between a protocol and its transport: what is passed on, and what ends when.
#include <coil/net/protocol_wrapper.h>

#include <absl/cleanup/cleanup.h>

#include <coil/net/tcp.h>

namespace coil {

ProtocolWrapper::ProtocolWrapper(std::shared_ptr<WrappingFactory> factory,
                                 std::shared_ptr<Protocol> wrapped)
    : factory_(std::move(factory)), wrapped_(std::move(wrapped)) {}

// It may never have been connected, or have handed its connection over.
ProtocolWrapper::~ProtocolWrapper() {
  leave_factory();
  release_wrapped();
}

void ProtocolWrapper::connectionLost(const Failure& reason) {
  leave_consumer();
  const absl::Cleanup release = [this] { release_wrapped(); };
  leave_factory();
  wrapped_->connectionLost(reason);
}

std::string ProtocolWrapper::logPrefix() const {
  const std::string own = Protocol::logPrefix();
  return wrapped_ == nullptr ? own : wrapped_->logPrefix() + " (" + own + ")";
}

// The wrapped protocol may be in the middle of its dataReceived: it is kept.
Deferred<TcpStream> ProtocolWrapper::detach(ConstBytes unread) {
  Deferred<TcpStream> stream = transport().detach(unread);
  leave_factory();
  return stream;
}

void ProtocolWrapper::leave_factory() noexcept {
  if (number_ == 0) return;
  factory_->unregisterProtocol(*this);
  number_ = 0;
}

void ProtocolWrapper::release_wrapped() noexcept {
  if (wrapped_ != nullptr) wrapped_->forget_transport();
  wrapped_.reset();
}

std::shared_ptr<Protocol> WrappingFactory::buildProtocol(const Address& peer) {
  std::shared_ptr<Protocol> wrapped = wrapped_->buildProtocol(peer);
  if (wrapped == nullptr) return nullptr;
  std::shared_ptr<ProtocolWrapper> wrapper = wrap(std::move(wrapped), peer);
  registerProtocol(*wrapper);
  return wrapper;
}

std::shared_ptr<ProtocolWrapper> WrappingFactory::wrap(std::shared_ptr<Protocol> wrapped,
                                                       const Address&) {
  return make_wrapper<ProtocolWrapper>(std::move(wrapped));
}

void WrappingFactory::registerProtocol(ProtocolWrapper& protocol) {
  protocol.number_ = ++built_;
  protocols_.emplace(protocol.number_, &protocol);
}

void WrappingFactory::unregisterProtocol(ProtocolWrapper& protocol) {
  protocols_.erase(protocol.number_);
}

void WrappingFactory::startedConnecting(Connector& connector) {
  if (auto* const client = dynamic_cast<ClientFactory*>(wrapped_.get())) {
    client->startedConnecting(connector);
  }
}

void WrappingFactory::clientConnectionFailed(Connector& connector, const Failure& reason) {
  if (auto* const client = dynamic_cast<ClientFactory*>(wrapped_.get())) {
    client->clientConnectionFailed(connector, reason);
  }
}

void WrappingFactory::clientConnectionLost(Connector& connector, const Failure& reason) {
  if (auto* const client = dynamic_cast<ClientFactory*>(wrapped_.get())) {
    client->clientConnectionLost(connector, reason);
  }
}

}  // namespace coil
