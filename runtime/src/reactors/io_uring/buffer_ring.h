// BufferRing: the buffers that the kernel fills of its own accord, and the leases on what it has
// filled. Included by this backend only.
#pragma once

#include <coil/runtime/buffer_lease.h>
#include <coil/runtime/detail/frame_pool.h>

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace coil::detail {

// A multishot receive picks its buffer when data has come, so that an idle connection owns none.
// The whole of it fits the cache of one core: what is received is still hot when it is sent.
//
// The kernel fills a buffer piece by piece where it can, and then reports whether it keeps the rest
// for the next receive; otherwise one receive uses one buffer up. A buffer goes back to it when it
// is used up and the last lease on it has ended.
class BufferRing final : public BufferOwner {
 public:
  enum class Filling : bool { whole, incremental };

  // Null if the kernel has no such ring.
  static std::unique_ptr<BufferRing> open(io_uring& ring, Filling filling, BufferPool& pool);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  static constexpr std::uint16_t group = 1;

  Filling filling() const noexcept { return filling_; }
  // The `size` bytes of a completion with a buffer; nothing when its size is 0. The buffer itself
  // while few are kept from the kernel, a copy of the bytes when half of them are.
  BufferLease take(unsigned completion_flags, std::size_t size) noexcept;
  // Buffers that the kernel may fill.
  std::size_t available() const noexcept { return count_ - kept_; }

 private:
  struct Buffer {
    std::byte* next = nullptr;  // Where the kernel fills it next.
    std::uint32_t leases = 0;   // Alive on it.
    bool with_kernel = false;
  };

  BufferRing(io_uring& ring, Filling filling, BufferPool& pool);

  static constexpr unsigned buffer_more = 1U << 4;  // IORING_CQE_F_BUF_MORE

  [[noreturn]] static void refuse() noexcept;
  void take_back(std::byte* data) noexcept override;
  void give_to_kernel(std::size_t index) noexcept;
  BufferLease lend(Buffer& buffer, std::byte* data, std::size_t size) noexcept;
  BufferLease take_scarce(std::size_t index, std::byte* data, std::size_t size) noexcept;
  BufferLease copy(const std::byte* data, std::size_t size) noexcept;

  io_uring& ring_;
  BufferPool& pool_;
  Filling filling_;
  std::size_t count_;
  std::size_t kept_;  // Not with the kernel.
  std::uint32_t buffer_bytes_;
  std::unique_ptr<Buffer[]> buffers_;
  std::byte* bytes_ = nullptr;
  io_uring_buf_ring* shared_ = nullptr;
  bool registered_ = false;
};

inline BufferLease BufferRing::lend(Buffer& buffer, std::byte* data, std::size_t size) noexcept {
  ++buffer.leases;
  pool_.note_lent();
  return BufferLease(this, data, size);
}

inline BufferLease BufferRing::take(unsigned completion_flags, std::size_t size) noexcept {
  const std::size_t index = completion_flags >> IORING_CQE_BUFFER_SHIFT;
  if (index >= count_ || !buffers_[index].with_kernel) refuse();
  Buffer& buffer = buffers_[index];
  std::byte* data = buffer.next;
  buffer.next += size;
  if (buffer.next > bytes_ + (index + 1) * buffer_bytes_) refuse();
  // What is filled piece by piece is not used up by nothing, although some kernels report it so.
  const bool used_up = (completion_flags & buffer_more) == 0;
  if (used_up && (size != 0 || filling_ == Filling::whole)) {
    buffer.with_kernel = false;
    ++kept_;
  }
  unpoison(data, size);
  if (size != 0 && kept_ * 2 <= count_) [[likely]]
    return lend(buffer, data, size);
  return take_scarce(index, data, size);
}

}  // namespace coil::detail
