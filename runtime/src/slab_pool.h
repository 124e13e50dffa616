// SlabPool: memory for many blocks of one size, recycled slab by slab. Included by the sources of
// delayed calls.
#pragma once

#include <coil/runtime/detail/poison.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace coil::detail {

// Each thread's blocks lie in slabs that are aligned to their own size. So a block finds its slab,
// and the list that it is recycled in, from its address alone: a million blocks that are returned
// in any order touch five hundred headers, which fit a cache, and no neighboring block. Headers of
// neighboring slabs lie at different places, or they would all compete for the same few cache ways.
//
// Example:
//
//   void* block = SlabPool::allocate();
//   SlabPool::deallocate(block);
//
// Guarantees: A block may outlive its thread: its slab goes with the last of them.
// Threads:    A block is returned on the thread that took it, or after that thread has ended.
// Cost:       A few instructions; one allocation per slab, whose pages come as they are used. Two
//             empty slabs are kept.
class SlabPool {
 public:
  static constexpr std::size_t block_size = 128;

  static void* allocate() {
    Slab* slab = local_.usable_;
    if (slab == nullptr || slab->freed == nullptr) return allocate_slow();
    if (slab->used++ == 0) --local_.empty_;
    return take(*slab);
  }

  static void deallocate(void* memory) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    Slab& slab = *header_of(address & ~std::uintptr_t{slab_size - 1});
    auto* block = static_cast<Block*>(memory);
    block->next = std::exchange(slab.freed, block);
    poison(block, block_size);
    if (--slab.used == 0 || slab.full) deallocate_slow(slab);
  }

 private:
  static constexpr std::size_t slab_size = 256 * 1024;
  static constexpr std::size_t allocator_header = 2 * sizeof(void*);
  static constexpr std::size_t taken_size = slab_size - allocator_header;
  static constexpr std::size_t end_of_blocks = taken_size / block_size * block_size;
  static constexpr std::size_t header_places = 64;
  static constexpr std::uint32_t empty_kept = 2;

  struct Block {
    Block* next;
  };
  // It takes the place of one of its blocks.
  struct alignas(block_size) Slab {
    Slab* next = nullptr;
    Slab** back = nullptr;  // What points to it: a list of the pool, or its neighbor there.
    Block* freed = nullptr;
    std::uint32_t used = 0;
    std::uint32_t fresh = 0;  // Where the part begins that was never handed out.
    bool full = false;        // It is in the list of full slabs.
    bool orphaned = false;    // Its thread has ended; it is in no list.
  };
  struct Cleaner;

  static Slab* header_of(std::uintptr_t start) noexcept {
    return reinterpret_cast<Slab*>(start + start / slab_size % header_places * block_size);
  }
  static std::uintptr_t start_of(Slab& slab) noexcept {
    return reinterpret_cast<std::uintptr_t>(&slab) & ~std::uintptr_t{slab_size - 1};
  }
  static void* take(Slab& slab) noexcept {
    Block* block = slab.freed;
    unpoison(block, block_size);
    slab.freed = block->next;
    return block;
  }
  static void* take_fresh(Slab& slab) noexcept;
  static void* allocate_slow();
  static void deallocate_slow(Slab& slab) noexcept;
  static Slab* new_slab();
  static void delete_slab(Slab& slab) noexcept;
  static void link(Slab*& list, Slab& slab) noexcept;
  static void unlink(Slab& slab) noexcept;

  static thread_local constinit SlabPool local_;

  Slab* usable_ = nullptr;  // Slabs with free blocks, except that the first may be used up.
  Slab* full_ = nullptr;
  std::uint32_t empty_ = 0;  // Usable slabs of which no block is out.
  bool registered_ = false;
  bool ended_ = false;
};

}  // namespace coil::detail
