// Pending output of one connection: what is being sent, and what came meanwhile.
#pragma once

#include <coil/runtime/buffer.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace coil::detail {

// Two buffers that change places: writes append to one while the other is on its way out, so that
// the bytes in flight never move and the writes of one turn go out together.
//
// An idle connection holds one pointer: what is written in a callback lies in memory that all
// connections share, and stays there only if it does not go out when the callback returns.
class WriteBuffer {
 public:
  struct Memory {
    std::vector<std::byte> queued;
    std::vector<std::byte> sending;
    std::size_t sent = 0;  // Of those that are being sent.

    std::size_t in_flight() const noexcept { return sending.size() - sent; }
    bool empty() const noexcept { return queued.empty() && in_flight() == 0; }
  };
  using Spare = std::unique_ptr<Memory>;

  bool empty() const noexcept { return memory_ == nullptr || memory_->empty(); }
  std::size_t size() const noexcept {
    return memory_ == nullptr ? 0 : memory_->queued.size() + memory_->in_flight();
  }
  void append(ConstBytes data) {
    if (memory_ == nullptr) memory_ = std::make_unique<Memory>();
    memory_->queued.insert(memory_->queued.end(), data.begin(), data.end());
  }

  // What to send first, all that there is unless something is on its way out already. Valid until
  // the next append.
  ConstBytes first() const noexcept {
    if (memory_ == nullptr) return {};
    if (memory_->in_flight() == 0) return ConstBytes(memory_->queued);
    return ConstBytes(memory_->sending).skip(memory_->sent);
  }
  // The same for bytes that stay where they are, whatever is appended, until they were sent.
  // Requires: Not empty.
  ConstBytes next() noexcept {
    if (memory_->in_flight() == 0) start_sending(0);
    return ConstBytes(memory_->sending).skip(memory_->sent);
  }
  // So many of the first were sent. Requires: There were as many.
  void sent(std::size_t count) noexcept {
    if (memory_->in_flight() != 0) {
      memory_->sent += count;
    } else if (count == memory_->queued.size()) {
      memory_->queued.clear();
    } else {
      start_sending(count);
    }
  }
  // Drops everything. Requires: Nothing is in flight.
  void clear() noexcept { memory_.reset(); }
  // Drops what is not in flight yet.
  void drop_queued() noexcept {
    if (memory_ != nullptr) memory_->queued = std::vector<std::byte>();
  }

  // Uses the memory of `spare` for what is appended …
  void borrow(Spare& spare) noexcept {
    if (memory_ == nullptr) memory_ = std::move(spare);
  }
  // … and returns it if that has gone.
  void give_back(Spare& spare) noexcept {
    if (!empty() || spare != nullptr) return;
    spare = std::move(memory_);
    if (spare != nullptr && spare->queued.capacity() > kept_bytes_max) spare.reset();
  }

 private:
  static constexpr std::size_t kept_bytes_max = 256 * 1024;

  void start_sending(std::size_t already) noexcept {
    memory_->sending.clear();
    std::swap(memory_->sending, memory_->queued);
    memory_->sent = already;
  }

  std::unique_ptr<Memory> memory_;
};

}  // namespace coil::detail
