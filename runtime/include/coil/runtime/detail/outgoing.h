// Outgoing: what a callback writes, until it returns; see Reactor::send_outgoing.
#pragma once

#include <coil/runtime/buffer.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace coil::detail {

// One message at a time grows at the end of memory that all connections of a reactor share, behind
// messages that wait to be submitted.
class Outgoing {
 public:
  static constexpr std::size_t capacity = 64 * 1024;

  Outgoing() : memory_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {
    begin_ = end_ = memory_.get();
  }
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  // False, and nothing was done, if there is no room. Requires: There is data.
  bool append(ConstBytes data) noexcept {
    if (static_cast<std::size_t>(limit() - end_) < data.size()) [[unlikely]]
      return false;
    std::memcpy(end_, data.data(), data.size());
    end_ += data.size();
    return true;
  }
  ConstBytes message() const noexcept { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
  // Begins the next message in the place of this one …
  void drop() noexcept { end_ = begin_; }
  // … or behind it, because its bytes are still needed …
  void keep() noexcept { begin_ = end_; }
  // … until now: the message that has begun moves to the front.
  void rewind() noexcept {
    const ConstBytes open = message();
    if (!open.empty()) std::memmove(memory_.get(), open.data(), open.size());
    begin_ = memory_.get();
    end_ = begin_ + open.size();
  }

 private:
  const std::byte* limit() const noexcept { return memory_.get() + capacity; }

  std::unique_ptr<std::byte[]> memory_;
  std::byte* begin_;
  std::byte* end_;
};

// OutgoingSender: whose messages these are.
class OutgoingSender {
 public:
  // A message that counted as sent was not: the kernel took nothing of `rest`, or gave an error as
  // outcome. Tells the sender only: no protocol, no task.
  virtual void not_sent(std::int64_t outcome, ConstBytes rest) noexcept = 0;

 protected:
  ~OutgoingSender() = default;
};

}  // namespace coil::detail
