// Producer and Consumer: how much is written at a time, agreed between two sides.
#pragma once

#include <coil/runtime/buffer.h>

namespace coil {

class Producer;

// Consumer: takes bytes, and tells the producer that makes them when to go on.
//
// Example (tests/examples/producer_example.cpp, "serve"):
//
//   void connectionMade() override {
//     countdown_.emplace(transport());
//     transport().registerProducer(*countdown_, false);  // Asks for one line after the other.
//     transport().loseConnection();                      // When the last one has gone.
//   }
//
// Guarantees: A streaming producer starts running, and is told to pause and to resume in turns. One
//             that is not is asked for a piece at once, and for the next one when that has gone.
//             stopProducing is called once, when nothing can be taken any more, and for one that
//             streams when the peer has ended; the producer is then registered no longer.
// Errors:     std::logic_error where a producer is registered already.
// Source:     Twisted's IConsumer.
class Consumer {
 public:
  Consumer() noexcept {}
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  virtual ~Consumer() = default;

  virtual void write(ConstBytes data) = 0;
  // A producer that is destroyed is unregistered with it.
  virtual void registerProducer(Producer& producer, bool streaming) = 0;
  // What waited for the last piece, such as a connection that is to be closed, goes on.
  virtual void unregisterProducer() = 0;
};

// Producer: makes bytes as fast as its consumer allows.
//
// Example (tests/examples/producer_example.cpp, "count down"):
//
//   class Countdown : public Producer {
//    public:
//     explicit Countdown(Transport& to) : to_(to) {}
//     void resumeProducing() override {
//       to_.write(std::to_string(left_) + "\n");
//       if (--left_ == 0) to_.unregisterProducer();
//     }
//     void stopProducing() override { left_ = 0; }
//
//    private:
//     Transport& to_;
//     int left_ = 10;
//   };
//
// Guarantees: Is called from inside registerProducer and write as well as from the loop.
// Source:     Twisted's IPushProducer and IPullProducer.
class Producer {
 public:
  Producer() noexcept {}
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  virtual ~Producer() { leave_consumer(); }

  // Makes more, until it is told to pause; one piece, if it is not a streaming producer.
  virtual void resumeProducing() = 0;
  // Never called where the producer is not a streaming one.
  virtual void pauseProducing() {}
  // There is nobody to make anything for any more.
  virtual void stopProducing() = 0;

 protected:
  // For a producer that has ended before its object does: its consumer need not wait for it.
  void leave_consumer() noexcept {
    if (Consumer* const consumer = consumer_) {
      consumer_ = nullptr;
      consumer->unregisterProducer();
    }
  }

 private:
  friend class ProducerSlot;

  Consumer* consumer_ = nullptr;
};

// ProducerSlot: what a Consumer remembers of its producer; for those who write a Consumer.
//
// Example (tests/examples/producer_example.cpp, "slot"):
//
//   void registerProducer(Producer& producer, bool streaming) override {
//     slot_.set(*this, producer, streaming);
//   }
//   void unregisterProducer() override { slot_.clear(); }
//
// Guarantees: The calls of a streaming producer alternate: it is not paused twice in a row.
class ProducerSlot {
 public:
  ProducerSlot() noexcept {}
  ProducerSlot(const ProducerSlot&) = delete;
  ProducerSlot& operator=(const ProducerSlot&) = delete;
  ~ProducerSlot() { clear(); }

  // Errors: std::logic_error where one is registered already.
  void set(Consumer& consumer, Producer& producer, bool streaming);
  void clear() noexcept;

  bool registered() const noexcept { return producer_ != nullptr; }
  bool streaming() const noexcept { return streaming_; }
  // The producer has been told to pause, and not yet to go on.
  bool paused() const noexcept { return paused_; }
  // Tells a streaming producer that runs to pause.
  void pause();
  // Tells one that pauses, or is asked for each piece, to go on.
  void resume();
  // Unregisters it and tells it that nobody takes anything any more.
  void stop();

 private:
  Producer* producer_ = nullptr;
  bool streaming_ = false;
  bool paused_ = false;
};

}  // namespace coil
