// Writing to a child: a queue, water marks, a producer, and the end.
#include "child_input.h"

#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/operations.h>

#include <absl/cleanup/cleanup.h>

#include <utility>

namespace coil::detail {

namespace {

constexpr std::size_t high_bytes = 64 * 1024;
constexpr std::size_t low_bytes = 16 * 1024;

}  // namespace

void ChildInput::start(std::function<void()> lost) {
  lost_ = std::move(lost);
  start_root<"child input">(writer_.reactor(), run(shared_from_this()));
  if (watches_) {
    start_root<"child input watch">(writer_.reactor(), run_watch(shared_from_this()));
  }
}

void ChildInput::write(ConstBytes data) {
  if (data.empty() || !accepts()) return;
  queued_.append(as_text(data));
  if (producer_.registered() && !producer_.streaming()) ask_producer_ = true;
  if (queued_.size() + sending_.size() - sent_ > high_bytes && !std::exchange(held_back_, true)) {
    tell_producer(&ProducerSlot::pause);
  }
  changed_.set();
}

void ChildInput::close_when_sent() noexcept {
  closing_ = true;
  changed_.set();
}

void ChildInput::close_now() noexcept {
  ended_ = true;
  writer_.close();
  changed_.set();
}

void ChildInput::set_producer(Consumer& consumer, Producer& producer, bool streaming) {
  if (!accepts()) {
    producer.stopProducing();
    return;
  }
  producer_.set(consumer, producer, streaming);
  if (!streaming) {
    tell_producer(&ProducerSlot::resume);
  } else if (held_back_) {
    tell_producer(&ProducerSlot::pause);
  }
}

void ChildInput::clear_producer() noexcept {
  producer_.clear();
  ask_producer_ = false;
  changed_.set();
}

// An exception ends the descriptor, wherever the producer was called from.
void ChildInput::tell_producer(void (ProducerSlot::*what)()) noexcept {
  try {
    (producer_.*what)();
  } catch (...) {
    writer_.reactor().log_current("producer");
    close_now();
  }
}

Task<void> ChildInput::run(std::shared_ptr<ChildInput> self) {
  static_cast<void>(self);
  const absl::Cleanup leave = [&] {
    Reactor& reactor = writer_.reactor();
    close_now();
    try {
      producer_.stop();
    } catch (...) {
      reactor.log_current("producer");
    }
    std::exchange(lost_, nullptr)();
  };
  co_await send_all();
}

Task<void> ChildInput::send_all() {
  while (!ended_) {
    if (sent_ == sending_.size()) {
      sending_.clear();
      sending_.swap(queued_);
      sent_ = 0;
    }
    if (!sending_.empty()) {
      const ConstBytes rest = ConstBytes(sending_).skip(sent_);
      const Result<std::size_t> size = co_await as_result(writer_.write_some(rest));
      if (!size) co_return;  // Nobody reads it any more, or it was closed here.
      sent_ += *size;
    }
    const std::size_t left = queued_.size() + sending_.size() - sent_;
    if (held_back_ && left <= low_bytes) {
      held_back_ = false;
      if (producer_.streaming()) tell_producer(&ProducerSlot::resume);
      continue;
    }
    if (left != 0) continue;
    if (std::exchange(ask_producer_, false)) {
      tell_producer(&ProducerSlot::resume);
      continue;
    }
    if (closing_ && !producer_.registered()) co_return;
    changed_.clear();
    co_await changed_.wait();
  }
}

// The write end of a pipe becomes readable by one thing only: that nobody reads it any more.
Task<void> ChildInput::run_watch(std::shared_ptr<ChildInput> self) {
  static_cast<void>(self);
  using Gone = Await<PollOperation, void, ToNothing>;
  const Result<> gone =
      co_await as_result(Gone(ToNothing(), writer_.reactor(), writer_.id(), Direction::read));
  if (gone) close_now();
}

}  // namespace coil::detail
