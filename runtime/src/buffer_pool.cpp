// The reactor's receive buffers: a cache of hot memory, never a limit. Hardly more than half of
// `count` come to be: beyond that a lease is a copy, and what was borrowed for it is back at once.
#include <coil/runtime/buffer_lease.h>

#include <cstring>
#include <new>

namespace coil {

BufferPool::~BufferPool() {
  while (FreeBuffer* buffer = free_) {
    detail::unpoison(buffer, buffer_bytes_);
    free_ = buffer->next;
    ::operator delete(buffer);
  }
}

MutableBytes BufferPool::borrow_new() {
  auto* data = static_cast<std::byte*>(::operator new(buffer_bytes_));
  ++held_;  // Not before: a failed allocation lends nothing.
  return {data, buffer_bytes_};
}

void BufferPool::give_back(MutableBytes buffer) noexcept { take_back(buffer.data()); }

void BufferPool::take_back(std::byte* data) noexcept {
  --held_;
  auto* buffer = reinterpret_cast<FreeBuffer*>(data);
  buffer->next = free_;
  free_ = buffer;
  detail::poison(buffer, buffer_bytes_);
}

BufferLease BufferPool::lease_scarce(MutableBytes buffer, std::size_t size) {
  if (size == 0) {
    give_back(buffer);
    return BufferLease();
  }
  auto* own = new std::byte[size];
  std::memcpy(own, buffer.data(), size);
  give_back(buffer);
  return BufferLease(nullptr, own, size);
}

}  // namespace coil
