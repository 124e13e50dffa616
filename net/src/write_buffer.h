// Pending output of one connection: what is being sent, and what came meanwhile.
#pragma once

#include <coil/runtime/buffer.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace coil::detail {

// Bytes in a row that grow at their end. A vector's insertion costs three times as much, which
// every message would pay.
class GrowingBytes {
 public:
  GrowingBytes() noexcept {}
  GrowingBytes(const GrowingBytes&) = delete;
  GrowingBytes& operator=(const GrowingBytes&) = delete;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  ConstBytes bytes() const noexcept { return ConstBytes(bytes_.get(), size_); }
  // Requires: Not empty.
  void append(ConstBytes data) {
    if (capacity_ - size_ < data.size()) grow(data.size());
    std::memcpy(bytes_.get() + size_, data.data(), data.size());
    size_ += data.size();
  }
  void clear() noexcept { size_ = 0; }
  void release() noexcept {
    bytes_.reset();
    size_ = capacity_ = 0;
  }
  void swap(GrowingBytes& other) noexcept {
    bytes_.swap(other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  [[gnu::noinline]] void grow(std::size_t more) {
    constexpr std::size_t least = 512;
    const std::size_t enough = std::max({least, 2 * capacity_, size_ + more});
    auto fresh = std::make_unique_for_overwrite<std::byte[]>(enough);
    if (size_ != 0) std::memcpy(fresh.get(), bytes_.get(), size_);
    bytes_ = std::move(fresh);
    capacity_ = enough;
  }

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Two buffers that change places: writes append to one while the other is on its way out, so that
// the bytes in flight never move and the writes of one turn go out together.
//
// A connection with nothing to send holds one pointer.
class WriteBuffer {
 public:
  bool empty() const noexcept { return memory_ == nullptr || memory_->empty(); }
  std::size_t size() const noexcept {
    return memory_ == nullptr ? 0 : memory_->queued.size() + memory_->in_flight.size();
  }
  void append(ConstBytes data) {
    if (memory_ == nullptr) memory_ = std::make_unique<Memory>();
    memory_->queued.append(data);
  }

  // What comes before everything else. Requires: Nothing is in flight.
  void prepend(ConstBytes data) {
    GrowingBytes all;
    all.append(data);
    if (memory_ == nullptr) memory_ = std::make_unique<Memory>();
    if (!memory_->queued.empty()) all.append(memory_->queued.bytes());
    memory_->queued.swap(all);
  }

  // What to send first, all that there is unless something is on its way out already: it stays
  // where it is, whatever is appended, until it was sent. Requires: Not empty.
  ConstBytes next() noexcept {
    if (memory_->in_flight.empty()) {
      memory_->sending.clear();
      memory_->sending.swap(memory_->queued);
      memory_->in_flight = memory_->sending.bytes();
    }
    return memory_->in_flight;
  }
  // So many of those were sent.
  void sent(std::size_t count) noexcept { memory_->in_flight = memory_->in_flight.skip(count); }
  // Drops everything. Requires: Nothing is in flight.
  void clear() noexcept { memory_.reset(); }
  // Drops what is not in flight yet.
  void drop_queued() noexcept {
    if (memory_ != nullptr) memory_->queued.release();
  }

 private:
  struct Memory {
    GrowingBytes queued;
    GrowingBytes sending;
    ConstBytes in_flight;  // What is left of those that are being sent.

    bool empty() const noexcept { return queued.empty() && in_flight.empty(); }
  };

  std::unique_ptr<Memory> memory_;
};

}  // namespace coil::detail
