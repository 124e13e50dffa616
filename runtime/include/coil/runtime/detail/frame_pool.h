// Recycled memory for coroutine frames and other short-lived blocks: per thread, by size class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace coil::detail {

// Trivially destructible on purpose: access to the thread's pool needs no guard. The slow path
// registers the clean-up that runs when the thread ends.
class FramePool {
 public:
  static constexpr std::size_t class_count = 128;  // Blocks of up to 2040 bytes are recycled.

  static void* allocate(std::size_t size) {
    const std::size_t index = index_of(size);
    if (index < class_count) {
      Class& entry = local_.classes_[index];
      if (Block* block = entry.first) [[likely]] {
        entry.first = block->next;
        ++entry.room;
        return block;
      }
    }
    return allocate_slow(size);
  }

  static void deallocate(void* memory, std::size_t size) noexcept {
    const std::size_t index = index_of(size);
    if (index < class_count) {
      Class& entry = local_.classes_[index];
      if (--entry.room >= 0) [[likely]] {
        auto* block = static_cast<Block*>(memory);
        block->next = entry.first;
        entry.first = block;
        return;
      }
    }
    deallocate_slow(memory, size);
  }

  // Blocks handed out and not returned, on this thread; moves between threads even out in the sum.
  static std::int64_t live() noexcept;

 private:
  struct Block {
    Block* next;
  };
  struct Class {
    Block* first = nullptr;
    std::int32_t room = 0;  // For how many more blocks; 0 before the first use and after the end.
  };
  struct Cleaner;

  // Classes are 16 bytes apart, and 8 less than a multiple of that: what the heap puts before each
  // block then fills it up.
  static constexpr std::size_t index_of(std::size_t size) noexcept { return (size + 7) / 16; }
  static constexpr std::size_t bytes_of(std::size_t index) noexcept { return index * 16 + 8; }
  // How many blocks of a class are kept.
  static std::int32_t room_of(std::size_t index) noexcept;

  static void* allocate_slow(std::size_t size);
  static void deallocate_slow(void* memory, std::size_t size) noexcept;

  static thread_local constinit FramePool local_;

  Class classes_[class_count];
  std::int64_t taken_ = 0;  // Blocks that the heap has given and not got back.
  bool registered_ = false;
  bool caching_ = false;
};

// Blocks of the pool for class-specific operator new; what is aligned beyond them comes from the
// heap.
struct Pooled {
  static void* operator new(std::size_t size) { return FramePool::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    FramePool::deallocate(memory, size);
  }
  static void* operator new(std::size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
  }
  static void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
    ::operator delete(memory, alignment);
  }
};

}  // namespace coil::detail
