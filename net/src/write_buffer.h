// Pending output of one connection: what is being sent, and what came meanwhile.
#pragma once

#include <coil/runtime/buffer.h>

#include <cstddef>
#include <utility>
#include <vector>

namespace coil::detail {

// Two buffers that change places: writes append to one while the other is on its way out, so that
// the bytes in flight never move and the writes of one turn go out together.
//
// An idle connection holds no memory: buffers that grew are dropped when everything has gone, and
// what goes out when its callback returns lies in memory that all connections share.
class WriteBuffer {
 public:
  void append(ConstBytes data) { queued_.insert(queued_.end(), data.begin(), data.end()); }
  bool empty() const noexcept { return queued_.empty() && sending_.size() == sent_; }
  std::size_t size() const noexcept { return queued_.size() + sending_.size() - sent_; }

  // What to send first, all that there is unless something is on its way out already. Valid until
  // the next append.
  ConstBytes first() const noexcept {
    return sending_.size() == sent_ ? ConstBytes(queued_) : ConstBytes(sending_).skip(sent_);
  }
  // The same for bytes that stay where they are, whatever is appended, until they were sent.
  ConstBytes next() noexcept {
    if (sending_.size() == sent_) start_sending(0);
    return ConstBytes(sending_).skip(sent_);
  }
  // So many of the first were sent.
  void sent(std::size_t count) noexcept {
    if (sending_.size() != sent_) {
      sent_ += count;
    } else if (count == queued_.size()) {
      queued_.clear();
    } else {
      start_sending(count);
    }
  }
  // Drops both buffers. Requires: Nothing is in flight.
  void clear() noexcept {
    queued_ = std::vector<std::byte>();
    sending_ = std::vector<std::byte>();
    sent_ = 0;
  }
  // Drops what is not in flight yet.
  void drop_queued() noexcept { queued_ = std::vector<std::byte>(); }

  // Uses the memory of `spare` for what is appended …
  void borrow(std::vector<std::byte>& spare) noexcept {
    if (queued_.capacity() == 0) queued_.swap(spare);
  }
  // … and returns it if that has gone.
  void give_back(std::vector<std::byte>& spare) noexcept {
    if (queued_.empty() && spare.capacity() == 0) queued_.swap(spare);
  }

 private:
  void start_sending(std::size_t already) noexcept {
    sending_.clear();
    std::swap(sending_, queued_);
    sent_ = already;
  }

  std::vector<std::byte> queued_;
  std::vector<std::byte> sending_;
  std::size_t sent_ = 0;
};

}  // namespace coil::detail
