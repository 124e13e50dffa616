// ParsingProtocol: what the protocols that hand out lines or strings share.
#pragma once

#include <coil/net/producer.h>
#include <coil/net/protocol.h>
#include <coil/runtime/buffer.h>

#include <cstddef>
#include <string>
#include <utility>

namespace coil::detail {

// Feeds a parser and hands out what it finds, one after the other, as long as somebody wants it.
//
// It is a Producer, so that it can be that of another connection, and the one to pause: its
// transport can hold back only what has not arrived.
template <class P>
class ParsingProtocol : public Protocol, public Producer {
 public:
  void dataReceived(ConstBytes data) override {
    if (delivers_) {
      late_ += as_text(data);  // The parser's bytes are being looked at.
      return;
    }
    if (std::exchange(paused_early_, false)) transport().pauseProducing();
    take_late();
    parser_.push(data);
    deliver();
  }

  // Stops the callbacks at once, also those for what has arrived.
  void pauseProducing() override {
    paused_ = true;
    paused_early_ = !connected();
    if (connected()) transport().pauseProducing();
  }
  // Goes on: with what has arrived from inside this call, unless a callback makes it.
  void resumeProducing() override {
    paused_ = false;
    paused_early_ = false;
    if (!connected()) return;
    transport().resumeProducing();
    if (!delivers_) deliver();
  }
  void stopProducing() override {
    paused_ = true;
    paused_early_ = !connected();
    if (connected()) transport().stopProducing();
  }

  std::size_t max_length() const noexcept { return parser_.max_length(); }
  void set_max_length(std::size_t bytes) noexcept { parser_.set_max_length(bytes); }

 protected:
  // Calls back with the next item; false if the parser has none.
  virtual bool deliver_one() = 0;
  P& parser() noexcept { return parser_; }
  const P& parser() const noexcept { return parser_; }
  // Everything that arrived and was not handed out, for whoever goes on with it.
  std::string take_rest() { return parser_.take_rest() + std::exchange(late_, std::string()); }

 private:
  class Delivering {
   public:
    explicit Delivering(bool& now) noexcept : now_(now) { now_ = true; }
    Delivering(const Delivering&) = delete;
    Delivering& operator=(const Delivering&) = delete;
    ~Delivering() { now_ = false; }

   private:
    bool& now_;
  };

  bool wanted() const { return !paused_ && connected() && !transport().disconnecting(); }
  void deliver() {
    const Delivering now(delivers_);
    for (bool more = true; more && wanted();) {
      take_late();
      more = deliver_one();
    }
  }
  void take_late() {
    if (!late_.empty()) parser_.push(std::exchange(late_, std::string()));
  }

  P parser_;
  std::string late_;  // Came during a callback, from that callback.
  bool delivers_ = false;
  bool paused_ = false;
  bool paused_early_ = false;  // Before there was a transport to be paused.
};

}  // namespace coil::detail
