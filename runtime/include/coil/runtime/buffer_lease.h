// BufferLease: received bytes that still lie where the reactor put them.
#pragma once

#include <coil/runtime/buffer.h>
#include <coil/runtime/detail/poison.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace coil {

// BufferOwner: whoever lends memory for received bytes.
//
// Example (tests/examples/tcp_example.cpp, "own buffers"):
//
//   class Scratch final : public BufferOwner {
//    public:
//     BufferLease lend() {
//       lent = true;
//       return BufferLease(this, bytes_.data(), bytes_.size());
//     }
//     bool lent = false;
//
//    private:
//     void take_back(std::byte*) noexcept override { lent = false; }
//     std::array<std::byte, 512> bytes_ = {};
//   };
class BufferOwner {
 public:
  // The lease that began at `data` has ended.
  virtual void take_back(std::byte* data) noexcept = 0;

 protected:
  ~BufferOwner() = default;
};

// BufferLease: owned access to received bytes; its end gives the memory back to the pool.
//
// Example (tests/examples/tcp_example.cpp, "lease"):
//
//   BufferLease data = co_await stream.receive();
//   if (data.empty()) co_return;                       // End of stream.
//   co_await write_all(stream, data.bytes());
//
// Requires:   Ends on its reactor's thread and before its reactor.
// Guarantees: The bytes stay valid and unchanged until the lease ends. The pool is a cache and
//             never a limit: when many leases are held, bytes are copied to exact-size memory of
//             their own.
class BufferLease {
 public:
  BufferLease() noexcept {}
  // `owner` is null for memory of its own, which delete[] releases.
  BufferLease(BufferOwner* owner, std::byte* data, std::size_t size) noexcept
      : owner_(owner), data_(data), size_(size) {}
  BufferLease(BufferLease&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  BufferLease& operator=(BufferLease&& other) noexcept {
    if (this != &other) {
      release();
      owner_ = std::exchange(other.owner_, nullptr);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  ~BufferLease() { release(); }

  ConstBytes bytes() const noexcept { return {data_, size_}; }
  std::size_t size() const noexcept { return size_; }
  // True at the end of the stream.
  bool empty() const noexcept { return size_ == 0; }
  // Gives the memory back early.
  void release() noexcept {
    if (data_ == nullptr) return;
    if (owner_ != nullptr) {
      owner_->take_back(data_);
    } else {
      delete[] data_;
    }
    owner_ = nullptr;
    data_ = nullptr;
    size_ = 0;
  }

 private:
  BufferOwner* owner_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// BufferPool: the reactor's receive buffers, last in first out, so that the hottest is used next.
//
// Example (tests/examples/tcp_example.cpp, "pool"):
//
//   std::size_t held = reactor.buffers().held();       // 0 when no lease is alive.
//
// Threads: Reactor thread only.
class BufferPool final : public BufferOwner {
 public:
  BufferPool(std::size_t count, std::size_t buffer_bytes) noexcept
      : count_(count), buffer_bytes_(buffer_bytes) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  std::size_t buffer_size() const noexcept { return buffer_bytes_; }
  // Leases on the reactor's memory that are alive, those of a backend's own buffers included.
  std::size_t held() const noexcept { return held_; }
  // A backend lent memory of its own, or has it back.
  void note_lent() noexcept { ++held_; }
  void note_returned() noexcept { --held_; }

  // Lends the hottest free buffer for one receive; never fails but for memory.
  MutableBytes borrow() {
    if (free_ == nullptr) [[unlikely]]
      return borrow_new();
    FreeBuffer* buffer = free_;
    detail::unpoison(buffer, buffer_bytes_);
    free_ = buffer->next;
    ++held_;
    return {reinterpret_cast<std::byte*>(buffer), buffer_bytes_};
  }
  // Takes a borrowed buffer back unused.
  void give_back(MutableBytes buffer) noexcept;
  // Turns a borrowed buffer with `size` received bytes into a lease: the buffer itself while few
  // are held, an exact-size copy when half of the pool is.
  BufferLease lease(MutableBytes buffer, std::size_t size) {
    // The borrowed one counts as held; with half of the pool out, leases are being kept, and the
    // hot buffers are worth more than the copy.
    if (size == 0 || held_ * 2 > count_) [[unlikely]]
      return lease_scarce(buffer, size);
    return BufferLease(this, buffer.data(), size);
  }

 private:
  struct FreeBuffer {
    FreeBuffer* next;
  };

  MutableBytes borrow_new();
  BufferLease lease_scarce(MutableBytes buffer, std::size_t size);
  void take_back(std::byte* data) noexcept override;

  const std::size_t count_;
  const std::size_t buffer_bytes_;
  FreeBuffer* free_ = nullptr;
  std::size_t held_ = 0;
};

}  // namespace coil
