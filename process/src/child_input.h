// ChildInput: what this side writes to one descriptor of a child. Included by process_transport.
#pragma once

#include <coil/net/pipe.h>
#include <coil/net/producer.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/event.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace coil::detail {

// One strand sends what is queued and tells of the end; another one waits for the child to close
// its side, so that a pipe that nobody writes to ends, too.
class ChildInput final : public std::enable_shared_from_this<ChildInput> {
 public:
  // A terminal's other side is not watched: reading tells of its end.
  ChildInput(PipeWriter writer, bool watches) : writer_(std::move(writer)), watches_(watches) {}
  ChildInput(const ChildInput&) = delete;
  ChildInput& operator=(const ChildInput&) = delete;

  // `lost` is called once, from the loop.
  void start(std::function<void()> lost);
  void write(ConstBytes data);
  // Closes it when what is queued has gone, and what a producer makes.
  void close_when_sent() noexcept;
  // Closes it at once.
  void close_now() noexcept;
  void set_producer(Consumer& consumer, Producer& producer, bool streaming);
  void clear_producer() noexcept;

 private:
  Task<void> run(std::shared_ptr<ChildInput> self);
  Task<void> run_watch(std::shared_ptr<ChildInput> self);
  Task<void> send_all();
  bool accepts() const noexcept { return !ended_ && (!closing_ || producer_.registered()); }
  void tell_producer(void (ProducerSlot::*what)()) noexcept;

  PipeWriter writer_;
  bool watches_;
  std::function<void()> lost_;
  std::string queued_;
  std::string sending_;  // What is on its way out does not move.
  std::size_t sent_ = 0;
  ProducerSlot producer_;
  Event changed_;              // The strand has something to look at.
  bool closing_ = false;       // Nothing more is taken, but from a producer.
  bool ended_ = false;         // It is closed.
  bool held_back_ = false;     // More than the high water mark is queued.
  bool ask_producer_ = false;  // It makes one piece at a time, and the last one goes out now.
};

}  // namespace coil::detail
