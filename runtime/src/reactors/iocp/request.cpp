// The pool of requests.
#include "request.h"

#include <new>

namespace coil::detail {

bool RequestPool::grow() noexcept {
  try {
    chunks_.push_back(std::make_unique_for_overwrite<Request[]>(chunk_size));
  } catch (const std::bad_alloc&) {
    return false;
  }
  const auto before = static_cast<std::uint32_t>(chunks_.size() - 1) * chunk_size;
  for (std::uint32_t place = chunk_size; place-- > 0;) {
    Request& request = chunks_.back()[place];
    request.number = before + place + 1;
    request.next = free_;
    free_ = request.number;
  }
  return true;
}

Request* RequestPool::take(Operation& op) noexcept {
  if (free_ == 0 && !grow()) return nullptr;
  Request& request = at(free_);
  free_ = request.next;
  ++alive_;
  static_cast<OVERLAPPED&>(request) = {};
  request.operation = &op;
  request.next = 0;
  request.waiting = Waiting::call;
  request.flags = 0;
  request.borrowed = nullptr;
  return &request;
}

void RequestPool::give_back(Request& request) noexcept {
  --alive_;
  request.operation = nullptr;
  request.next = free_;
  free_ = request.number;
}

}  // namespace coil::detail
