// The slow paths of the frame pool: first use on a thread, large blocks, full classes, thread end.
#include <coil/runtime/detail/frame_pool.h>
#include <coil/runtime/detail/poison.h>

#include <new>

namespace coil::detail {

namespace {

// Per class and thread; what is beyond goes back. Under ASan nothing is kept, because a block that
// is used again hides that somebody uses it still.
#if defined(COIL_ASAN)
constexpr std::size_t cached_bytes_max = 0;
#else
constexpr std::size_t cached_bytes_max = 4 << 20;
#endif

}  // namespace

thread_local constinit FramePool FramePool::local_;

std::int32_t FramePool::room_of(std::size_t index) noexcept {
  return static_cast<std::int32_t>(cached_bytes_max / bytes_of(index));
}

// Empties the thread's pool when the thread ends; frames freed even later go straight back.
struct FramePool::Cleaner {
  Cleaner() noexcept {
    for (std::size_t index = 0; index < class_count; ++index) {
      local_.classes_[index].room = room_of(index);
    }
    local_.caching_ = true;
  }
  Cleaner(const Cleaner&) = delete;
  Cleaner& operator=(const Cleaner&) = delete;
  ~Cleaner() {
    local_.taken_ = live();
    local_.caching_ = false;
    for (std::size_t index = 0; index < class_count; ++index) {
      Class& entry = local_.classes_[index];
      entry.room = 0;
      while (Block* block = entry.first) {
        entry.first = block->next;
        ::operator delete(block);
      }
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
  void* block = ::operator new(bytes_of(index_of(size)));
  ++local_.taken_;
  return block;
}

void FramePool::deallocate_slow(void* memory, std::size_t size) noexcept {
  const std::size_t index = index_of(size);
  if (index < class_count) local_.classes_[index].room = 0;  // The caller has counted below that.
  ::operator delete(memory);
  --local_.taken_;
}

std::int64_t FramePool::live() noexcept {
  std::int64_t cached = 0;
  if (local_.caching_) {
    for (std::size_t index = 0; index < class_count; ++index) {
      cached += room_of(index) - local_.classes_[index].room;
    }
  }
  return local_.taken_ - cached;
}

}  // namespace coil::detail
