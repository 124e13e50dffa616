// The slow paths of the frame pool: first use on a thread, large blocks, full classes, thread end.
#include <coil/runtime/detail/frame_pool.h>

#include <new>

namespace coil::detail {

thread_local constinit FramePool FramePool::local_;

// Empties the thread's pool when the thread ends; frames freed even later go straight back.
struct FramePool::Cleaner {
  Cleaner() noexcept {
    for (Class& entry : local_.classes_) entry.limit = cached_max;
  }
  Cleaner(const Cleaner&) = delete;
  Cleaner& operator=(const Cleaner&) = delete;
  ~Cleaner() {
    for (std::size_t index = 0; index < class_count; ++index) {
      Class& entry = local_.classes_[index];
      entry.limit = 0;
      while (Block* block = entry.first) {
        unpoison(block, (index + 1) * granularity);
        entry.first = block->next;
        ::operator delete(block, (index + 1) * granularity);
      }
      entry.count = 0;
    }
  }
  void touch() noexcept {}
};

void* FramePool::allocate_slow(std::size_t size) {
  if (!local_.registered_) {
    local_.registered_ = true;
    thread_local Cleaner cleaner;
    cleaner.touch();
  }
  try {
    return ::operator new(rounded(size));
  } catch (...) {
    --local_.live_;
    throw;
  }
}

void FramePool::deallocate_slow(void* memory, std::size_t size) noexcept {
  ::operator delete(memory, rounded(size));
}

}  // namespace coil::detail
