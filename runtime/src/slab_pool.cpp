// The slow paths of the slab pool: new slabs, full and empty ones, and the end of a thread.
#include "slab_pool.h"

#include <cstddef>
#include <new>

namespace coil::detail {

thread_local constinit SlabPool SlabPool::local_;

// Frees what is unused when the thread ends; the other slabs go with their last blocks.
struct SlabPool::Cleaner {
  Cleaner() noexcept { local_.registered_ = true; }
  Cleaner(const Cleaner&) = delete;
  Cleaner& operator=(const Cleaner&) = delete;
  ~Cleaner() {
    local_.ended_ = true;
    for (Slab** list : {&local_.usable_, &local_.full_}) {
      while (Slab* slab = *list) {
        unlink(*slab);
        slab->full = false;
        slab->orphaned = true;
        if (slab->used == 0) delete_slab(*slab);
      }
    }
  }
  void touch() noexcept {}
};

void SlabPool::link(Slab*& list, Slab& slab) noexcept {
  slab.next = list;
  slab.back = &list;
  if (list != nullptr) list->back = &slab.next;
  list = &slab;
}

void SlabPool::unlink(Slab& slab) noexcept {
  *slab.back = slab.next;
  if (slab.next != nullptr) slab.next->back = slab.back;
}

// With the header of the allocator itself a slab takes exactly its size: the next one fits behind.
SlabPool::Slab* SlabPool::new_slab() {
  void* memory = ::operator new(taken_size, std::align_val_t{slab_size});
  return ::new (header_of(reinterpret_cast<std::uintptr_t>(memory))) Slab;
}

void SlabPool::delete_slab(Slab& slab) noexcept {
  void* memory = reinterpret_cast<void*>(start_of(slab));
  unpoison(memory, taken_size);
  ::operator delete(memory, std::align_val_t{slab_size});
}

void* SlabPool::take_fresh(Slab& slab) noexcept {
  void* block = reinterpret_cast<void*>(start_of(slab) + slab.fresh);
  slab.fresh += block_size;
  return block == &slab ? take_fresh(slab) : block;  // Where the header is, is no block.
}

// Looks past used-up slabs, and makes blocks of memory that was never handed out.
void* SlabPool::allocate_slow() {
  SlabPool& pool = local_;
  if (!pool.registered_) {
    thread_local Cleaner cleaner;
    cleaner.touch();
  }
  for (;;) {
    Slab* slab = pool.usable_;
    if (slab == nullptr) {
      slab = new_slab();
      slab->orphaned = pool.ended_;
      if (!slab->orphaned) {
        link(pool.usable_, *slab);
        ++pool.empty_;
      }
    }
    if (slab->freed == nullptr && slab->fresh == end_of_blocks) {
      unlink(*slab);
      link(pool.full_, *slab);
      slab->full = true;
      continue;
    }
    if (slab->used++ == 0 && !slab->orphaned) --pool.empty_;
    if (slab->freed != nullptr) return take(*slab);
    return take_fresh(*slab);
  }
}

// A slab that was full, or is empty now.
void SlabPool::deallocate_slow(Slab& slab) noexcept {
  if (slab.orphaned) {
    if (slab.used == 0) delete_slab(slab);
    return;
  }
  SlabPool& pool = local_;
  if (slab.full) {
    slab.full = false;
    unlink(slab);
    link(pool.usable_, slab);
  }
  if (slab.used != 0) return;
  if (pool.empty_ < empty_kept) {
    ++pool.empty_;
    return;
  }
  unlink(slab);
  delete_slab(slab);
}

}  // namespace coil::detail
