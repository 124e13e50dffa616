// What every coroutine frame of coil has: where its memory comes from, and what it inherits.
#pragma once

#include <coil/runtime/detail/frame_pool.h>
#include <coil/runtime/task_context.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <source_location>
#include <utility>

// Symmetric transfer is a real tail call with clang, and with gcc where sibling calls are
// optimized; not under gcc's own ASan and TSan. Where it is not, transfers are counted and every
// few of them the stack is unwound to the loop.
#if defined(__GNUC__) && !defined(__clang__) &&                       \
    (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
     (!defined(__OPTIMIZE__) && !defined(COIL_SIBLING_CALLS)))
#define COIL_BOUNDED_TRANSFER 1
#else
#define COIL_BOUNDED_TRANSFER 0
#endif

namespace coil::detail {

#if COIL_BOUNDED_TRANSFER
inline constexpr int transfer_depth_max = 64;
inline thread_local int transfer_depth = 0;
inline thread_local std::coroutine_handle<> transfer_next;

inline std::coroutine_handle<> transfer(std::coroutine_handle<> next) noexcept {
  if (++transfer_depth < transfer_depth_max) return next;
  transfer_next = next;
  return std::noop_coroutine();
}

inline void resume_from_loop(std::coroutine_handle<> handle) {
  transfer_depth = 0;
  handle.resume();
  while (transfer_next) {
    transfer_depth = 0;
    std::exchange(transfer_next, nullptr).resume();
  }
}
#else
inline std::coroutine_handle<> transfer(std::coroutine_handle<> next) noexcept { return next; }
inline void resume_from_loop(std::coroutine_handle<> handle) { handle.resume(); }
#endif

// At the end of a coroutine: goes on with another one in its place.
class GoOn {
 public:
  explicit GoOn(std::coroutine_handle<> next) noexcept : next_(next) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
    return transfer(next_);
  }
  void await_resume() const noexcept {}

 protected:
  std::coroutine_handle<> next_;
};

class PromiseBase {
 public:
  PromiseBase() noexcept {}
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  std::suspend_always initial_suspend() const noexcept { return {}; }

  static void* operator new(std::size_t size) { return FramePool::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    FramePool::deallocate(memory, size);
  }

  // Requires: start() was called.
  TaskContext& context() const noexcept { return *origin_.context; }
  // Requires: start() was not called yet; the two share their place.
  std::source_location site() const noexcept { return origin_.site; }
  void start(TaskContext& context) noexcept { origin_.context = &context; }

 protected:
  void set_site(std::source_location site) noexcept { origin_.site = site; }

 private:
  union Origin {
    Origin() noexcept : context(nullptr) {}
    std::source_location site;
    TaskContext* context;
  };

  Origin origin_;
};

}  // namespace coil::detail
