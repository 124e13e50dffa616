// Channel: values from tasks of one reactor to tasks of another, never more than its bound.
#pragma once

#include <coil/threads/detail/channel_state.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace coil {

// ChannelSender<T>: the end of a channel into which values go.
//
// Example (tests/examples/channel_example.cpp, "channel"):
//
//   Task<void> count(Reactor&, ChannelSender<int> out) {
//     for (int number = 1; number <= 3; ++number) co_await out.send(number);
//   }
//
// Requires:     The tasks that await it are of one reactor (asserted).
// Guarantees:   Values of one task come out in the order in which it sent them, and once. Where the
//               end is dropped, or its reactor ends, no more come from it.
// Errors:       send throws HandleClosed when this end was closed or dropped, or nobody will ever
//               receive.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
// Threads:      try_send, another and close: any thread.
// Cost:         No allocation per value; a wake of the other reactor if it waits.
template <class T>
class [[nodiscard]] ChannelSender {
 public:
  // An end of nothing.
  ChannelSender() noexcept {}
  explicit ChannelSender(std::shared_ptr<detail::SenderEnd<T>> end) noexcept
      : end_(std::move(end)) {}
  ChannelSender(ChannelSender&& other) noexcept : end_(std::move(other.end_)) {}
  ChannelSender& operator=(ChannelSender&& other) noexcept {
    close();
    end_ = std::move(other.end_);
    return *this;
  }
  ~ChannelSender() { close(); }

  // Waits while the channel is full.
  detail::ChannelSend<T> send(T value) {
    return detail::ChannelSend<T>(require_end(), std::move(value));
  }
  // False, and `value` untouched, if the channel is full or closed.
  bool try_send(T&& value) { return require_end()->state().try_send(*end_, value); }
  // A further end into the same channel, for another reactor; closed where this one is.
  ChannelSender another() const { return ChannelSender(require_end()->another()); }
  // False when nobody will ever receive what is sent.
  bool is_open() const noexcept { return end_ != nullptr && end_->state().can_send(*end_); }
  // Ends it; what was sent can still be received. Pending sends of this end fail.
  void close() noexcept {
    if (end_ != nullptr) end_->close();
  }

 private:
  const std::shared_ptr<detail::SenderEnd<T>>& require_end() const {
    if (end_ == nullptr) contract_violation("a channel was used that was never made");
    return end_;
  }

  std::shared_ptr<detail::SenderEnd<T>> end_;
};

// ChannelReceiver<T>: the end of a channel from which values come.
//
// Example (tests/examples/channel_example.cpp, "channel"):
//
//   while (std::optional<int> number = co_await channel.receiver.receive()) sum += *number;
//
// Requires:     The tasks that await it are of one reactor (asserted).
// Guarantees:   receive gives nothing when every sender is closed and all values have come out.
//               Where the end is dropped, or its reactor ends, what is inside is destroyed.
// Errors:       receive throws HandleClosed when this end was closed or dropped.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
// Threads:      try_receive and close: any thread.
// Cost:         No allocation per value; a wake of the other reactor if it waits.
template <class T>
class [[nodiscard]] ChannelReceiver {
 public:
  // An end of nothing.
  ChannelReceiver() noexcept {}
  explicit ChannelReceiver(std::shared_ptr<detail::ReceiverEnd<T>> end) noexcept
      : end_(std::move(end)) {}
  ChannelReceiver(ChannelReceiver&& other) noexcept : end_(std::move(other.end_)) {}
  ChannelReceiver& operator=(ChannelReceiver&& other) noexcept {
    close();
    end_ = std::move(other.end_);
    return *this;
  }
  ~ChannelReceiver() { close(); }

  // Waits while the channel is empty and a sender is open.
  detail::ChannelReceive<T> receive() { return detail::ChannelReceive<T>(require_end()); }
  // Nothing if it is empty or closed.
  std::optional<T> try_receive() { return require_end()->state().try_receive(); }
  void close() noexcept {
    if (end_ != nullptr) end_->close();
  }

 private:
  const std::shared_ptr<detail::ReceiverEnd<T>>& require_end() const {
    if (end_ == nullptr) contract_violation("a channel was used that was never made");
    return end_;
  }

  std::shared_ptr<detail::ReceiverEnd<T>> end_;
};

// Channel<T>: makes the two ends, to be moved to where they are used.
//
// Example (tests/examples/channel_example.cpp, "channel"):
//
//   Channel<int> channel(16);
//   worker.start(&count, std::move(channel.sender));
//
// Requires: `size_max` is at least 1; moving a T throws nothing.
template <class T>
class Channel {
 public:
  explicit Channel(std::size_t size_max) {
    auto state = std::make_shared<detail::ChannelState<T>>(size_max);
    sender = ChannelSender<T>(std::make_shared<detail::SenderEnd<T>>(state));
    receiver = ChannelReceiver<T>(std::make_shared<detail::ReceiverEnd<T>>(std::move(state)));
  }

  ChannelSender<T> sender;
  ChannelReceiver<T> receiver;
};

}  // namespace coil
