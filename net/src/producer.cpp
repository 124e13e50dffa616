// What a Consumer remembers of its producer.
#include <coil/net/producer.h>

#include <stdexcept>
#include <utility>

namespace coil {

void ProducerSlot::set(Consumer& consumer, Producer& producer, bool streaming) {
  if (producer_ != nullptr) throw std::logic_error("registerProducer: a producer is registered");
  if (producer.consumer_ != nullptr) {
    throw std::logic_error("registerProducer: the producer serves another consumer");
  }
  producer.consumer_ = &consumer;
  producer_ = &producer;
  streaming_ = streaming;
  paused_ = false;
}

void ProducerSlot::clear() noexcept {
  if (producer_ != nullptr) producer_->consumer_ = nullptr;
  producer_ = nullptr;
  paused_ = false;
}

void ProducerSlot::pause() {
  if (producer_ == nullptr || !streaming_ || std::exchange(paused_, true)) return;
  producer_->pauseProducing();
}

void ProducerSlot::resume() {
  if (producer_ == nullptr || (streaming_ && !paused_)) return;
  paused_ = false;  // Before the call: what it writes may pause it again.
  producer_->resumeProducing();
}

void ProducerSlot::stop() {
  Producer* const producer = producer_;
  clear();
  if (producer != nullptr) producer->stopProducing();
}

}  // namespace coil
