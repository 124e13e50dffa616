// How much the connections of a factory may read and write per second.
#include <coil/net/throttling.h>

namespace coil {

void ThrottlingProtocol::dataReceived(ConstBytes data) {
  if (throttle_.spend(throttle_.reads_, data.size())) throttleReads();
  ProtocolWrapper::dataReceived(data);
}

void ThrottlingProtocol::write(ConstBytes data) {
  written(data.size());
  ProtocolWrapper::write(data);
}

void ThrottlingProtocol::writeSequence(std::span<const ConstBytes> pieces) {
  std::size_t total = 0;
  for (const ConstBytes& piece : pieces) total += piece.size();
  written(total);
  ProtocolWrapper::writeSequence(pieces);
}

void ThrottlingProtocol::written(std::size_t bytes) {
  if (throttle_.spend(throttle_.writes_, bytes)) throttleWrites();
}

void ThrottlingProtocol::pauseProducing() {
  paused_ = true;
  ProtocolWrapper::pauseProducing();
}

void ThrottlingProtocol::resumeProducing() {
  paused_ = false;
  if (!reads_throttled_) ProtocolWrapper::resumeProducing();
}

void ThrottlingProtocol::throttleReads() {
  if (!std::exchange(reads_throttled_, true)) ProtocolWrapper::pauseProducing();
}

void ThrottlingProtocol::unthrottleReads() {
  if (std::exchange(reads_throttled_, false) && !paused_) ProtocolWrapper::resumeProducing();
}

void ThrottlingProtocol::throttleWrites() {
  if (writes_throttled_) return;
  writes_throttled_ = throttle_.time_.now();
  producer_.pause();
}

void ThrottlingProtocol::unthrottleWrites() {
  writes_throttled_.reset();
  let_produce();
}

void ThrottlingProtocol::registerProducer(Producer& producer, bool streaming) {
  producer_.set(*this, producer, streaming);
  wanted_ = streaming;
  if (writes_throttled_) producer_.pause();
  ProtocolWrapper::registerProducer(valve_, streaming);
}

void ThrottlingProtocol::unregisterProducer() {
  if (!producer_.registered()) return;
  producer_.clear();
  ProtocolWrapper::unregisterProducer();
}

std::vector<Pause> ThrottlingProtocol::pauses() const {
  std::vector<Pause> all = ProtocolWrapper::pauses();
  if (writes_throttled_ && producer_.registered()) {
    all.emplace_back(Pause::Who::producer, Pause::By::call, *writes_throttled_);
  }
  return all;
}

// One that makes a piece at a time is asked once for each time that the transport asks.
void ThrottlingProtocol::let_produce() {
  if (!wanted_ || writes_throttled_) return;
  wanted_ = producer_.streaming();
  producer_.resume();
}

void ThrottlingProtocol::Valve::resumeProducing() {
  owner_.wanted_ = true;
  owner_.let_produce();
}

void ThrottlingProtocol::Valve::pauseProducing() {
  owner_.wanted_ = false;
  owner_.producer_.pause();
}

std::shared_ptr<Protocol> ThrottlingFactory::buildProtocol(const Address& peer) {
  if (connections() >= connections_max_) return nullptr;
  return WrappingFactory::buildProtocol(peer);
}

std::shared_ptr<ProtocolWrapper> ThrottlingFactory::wrap(std::shared_ptr<Protocol> wrapped,
                                                         const Address&) {
  return make_wrapper<ThrottlingProtocol>(std::move(wrapped), *this);
}

void ThrottlingFactory::unregisterProtocol(ProtocolWrapper& protocol) {
  WrappingFactory::unregisterProtocol(protocol);
  if (connections() == 0) stop_timers();
}

void ThrottlingFactory::stop_timers() noexcept {
  for (Rate* const rate : {&reads_, &writes_}) {
    if (rate->allowed.active()) rate->allowed.cancel();
  }
}

// The last connection may write in its connectionLost: nobody waits any more.
bool ThrottlingFactory::spend(Rate& rate, std::size_t bytes) {
  if (rate.bucket == nullptr || connections() == 0) return false;
  rate.bucket->spend(bytes);
  if (rate.bucket->wait() == Duration::zero()) return false;
  if (!rate.allowed.active()) wait_for(rate);
  return true;
}

void ThrottlingFactory::wait_for(Rate& rate) {
  rate.allowed = time_.callLater(rate.bucket->wait(), [this, &rate] {
    if (rate.bucket->wait() > Duration::zero()) return wait_for(rate);  // Others have used it.
    Failure thrown;
    for_each_protocol([&](ProtocolWrapper& each) {
      try {
        (static_cast<ThrottlingProtocol&>(each).*rate.unthrottle)();
      } catch (...) {  // Its producer: the others go on all the same.
        thrown = Failure::current();
        each.abortConnection();
      }
    });
    if (thrown) thrown.raiseException();
  });
}

}  // namespace coil
