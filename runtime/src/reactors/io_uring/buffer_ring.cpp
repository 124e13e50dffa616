// Lending the kernel's buffers, and giving each back once.
#include "buffer_ring.h"

#include <coil/runtime/error.h>

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace coil::detail {

namespace {

// Newer than the headers of liburing 2.3.
constexpr std::uint16_t register_incremental = 2;  // IOU_PBUF_RING_INC, Linux 6.12

// Powers of two.
constexpr std::size_t incremental_count = 16;
constexpr std::uint32_t incremental_bytes = 64 * 1024;
constexpr unsigned incremental_stride_bits = 16;
constexpr std::size_t whole_count = 64;
constexpr std::uint32_t whole_bytes = 16 * 1024;
constexpr unsigned whole_stride_bits = 15;

void* map(std::size_t size) noexcept {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

BufferRing::BufferRing(io_uring& ring, Filling filling, BufferPool& pool)
    : ring_(ring),
      pool_(pool),
      filling_(filling),
      count_(filling == Filling::incremental ? incremental_count : whole_count),
      kept_(count_),
      buffer_bytes_(filling == Filling::incremental ? incremental_bytes : whole_bytes),
      stride_bits_(filling == Filling::incremental ? incremental_stride_bits : whole_stride_bits),
      buffers_(std::make_unique<Buffer[]>(count_)) {}

std::unique_ptr<BufferRing> BufferRing::open(io_uring& ring, Filling filling, BufferPool& pool) {
  std::unique_ptr<BufferRing> made(new BufferRing(ring, filling, pool));
  const std::size_t count = made->count_;
  made->shared_ = static_cast<io_uring_buf_ring*>(map(count * sizeof(io_uring_buf)));
  made->bytes_ = static_cast<std::byte*>(map(count << made->stride_bits_));
  if (made->shared_ == nullptr || made->bytes_ == nullptr) return nullptr;
  io_uring_buf_reg request = {};
  request.ring_addr = reinterpret_cast<std::uintptr_t>(made->shared_);
  request.ring_entries = static_cast<std::uint32_t>(count);
  request.bgid = made->group();
  request.pad = filling == Filling::incremental ? register_incremental : 0;  // `flags` by now.
  if (io_uring_register_buf_ring(&ring, &request, 0) != 0) return nullptr;
  made->registered_ = true;
  io_uring_buf_ring_init(made->shared_);
  made->lay_out();
  return made;
}

BufferRing::~BufferRing() {
  if (registered_) io_uring_unregister_buf_ring(&ring_, group());
  const std::size_t count = count_;
  if (shared_ != nullptr) ::munmap(shared_, count * sizeof(io_uring_buf));
  if (bytes_ == nullptr) return;
  unpoison(bytes_, count << stride_bits_);
  ::munmap(bytes_, count << stride_bits_);
}

std::string BufferRing::description() const {
  return std::to_string(count_) + " x " + std::to_string(buffer_bytes_ / 1024) + " KiB" +
         (filling_ == Filling::incremental ? " incremental" : "");
}

// The beginnings lie on different cache lines: at equal distances all would compete for a few
// places in the cache.
void BufferRing::lay_out() noexcept {
  constexpr std::size_t lines = 16;
  for (std::size_t index = 0; index < count_; ++index) {
    const std::size_t shift = filling_ == Filling::whole ? index % lines * 64 : 0;
    buffers_[index].end = bytes_ + (index << stride_bits_) + shift + buffer_bytes_;
    give_to_kernel(index);
  }
}

// The only place that adds to the ring. Memory that the kernel may write is nobody else's.
void BufferRing::give_to_kernel(std::size_t index) noexcept {
  Buffer& buffer = buffers_[index];
  std::byte* memory = buffer.end - buffer_bytes_;
  buffer.next = memory;
  buffer.with_kernel = true;
  --kept_;
  poison(memory, buffer_bytes_);
  io_uring_buf_ring_add(shared_, memory, buffer_bytes_, static_cast<unsigned short>(index),
                        io_uring_buf_ring_mask(static_cast<std::uint32_t>(count_)), 0);
  io_uring_buf_ring_advance(shared_, 1);
}

void BufferRing::refuse() noexcept {
  contract_violation("the kernel filled memory that it had not been given");
}

// Half of the buffers are kept from the kernel, or there is nothing to lend.
BufferLease BufferRing::take_scarce(std::size_t index, std::byte* data, std::size_t size) noexcept {
  Buffer& buffer = buffers_[index];
  BufferLease lease = copy(data, size);
  if (size != 0 && lease.empty()) return lend(buffer, data, size);
  if (!buffer.with_kernel && buffer.leases == 0) give_to_kernel(index);
  return lease;
}

// Empty without memory: the buffer itself is lent then.
BufferLease BufferRing::copy(const std::byte* data, std::size_t size) noexcept {
  if (size == 0) return BufferLease();
  auto* own = new (std::nothrow) std::byte[size];
  if (own == nullptr) return BufferLease();
  std::memcpy(own, data, size);
  return BufferLease(nullptr, own, size);
}

void BufferRing::take_back(std::byte* data) noexcept {
  const auto index = static_cast<std::size_t>(data - bytes_) >> stride_bits_;
  Buffer& buffer = buffers_[index];
  pool_.note_returned();
  if (--buffer.leases == 0 && !buffer.with_kernel) give_to_kernel(index);
}

}  // namespace coil::detail
