// BufferRing: the buffers that the kernel fills of its own accord, and the leases on what it has
// filled. Included by this backend only.
#pragma once

#include <coil/runtime/buffer_lease.h>
#include <coil/runtime/detail/poison.h>

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace coil::detail {

// A multishot receive picks its buffer when data has come, so that an idle connection owns none.
// The kernel takes the buffers in turn. There are two kinds of ring, both of 1 MiB:
//
//  - whole: each receive uses one buffer up. Small messages touch the beginning of 64 buffers again
//    and again, which stay in the nearest cache; but not more than 64 can wait to be served.
//  - incremental: a buffer is filled piece by piece, and the kernel reports with each whether it
//    keeps the rest. Thousands of small messages can wait, and march through the whole of it.
//
// A buffer goes back to the kernel when it is used up and the last lease on it has ended.
class BufferRing final : public BufferOwner {
 public:
  enum class Filling : bool { whole, incremental };

  // Null if the kernel has no such ring.
  static std::unique_ptr<BufferRing> open(io_uring& ring, Filling filling, BufferPool& pool);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  Filling filling() const noexcept { return filling_; }
  // Its name in the entries of receives.
  std::uint16_t group() const noexcept { return static_cast<std::uint16_t>(filling_); }
  // The `size` bytes of a completion with a buffer; nothing when its size is 0. The buffer itself
  // while few are kept from the kernel, a copy of the bytes when half of them are.
  BufferLease take(unsigned completion_flags, std::size_t size) noexcept;
  // Their count and size, in words.
  std::string description() const;
  // Buffers that the kernel may fill.
  std::size_t available() const noexcept { return count_ - kept_; }

 private:
  struct Buffer {
    std::byte* next = nullptr;  // Where the kernel fills it next.
    std::byte* end = nullptr;
    std::uint32_t leases = 0;  // Alive on it.
    bool with_kernel = false;
  };

  BufferRing(io_uring& ring, Filling filling, BufferPool& pool);

  static constexpr unsigned buffer_more = 1U << 4;  // IORING_CQE_F_BUF_MORE

  [[noreturn]] static void refuse() noexcept;
  void take_back(std::byte* data) noexcept override;
  void lay_out() noexcept;
  void give_to_kernel(std::size_t index) noexcept;
  BufferLease lend(Buffer& buffer, std::byte* data, std::size_t size) noexcept;
  BufferLease take_scarce(std::size_t index, std::byte* data, std::size_t size) noexcept;
  BufferLease copy(const std::byte* data, std::size_t size) noexcept;

  io_uring& ring_;
  BufferPool& pool_;
  Filling filling_;
  std::size_t count_;
  std::size_t kept_;  // Not with the kernel.
  const std::uint32_t buffer_bytes_;
  const unsigned stride_bits_;  // From the beginning of one buffer to that of the next.
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
  if (buffer.next > buffer.end) refuse();
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
