// Covers: frame_pool.h: recycled blocks, their limit, and the count of those that are out.
#include <coil/runtime/detail/frame_pool.h>
#include <coil/runtime/detail/poison.h>
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <thread>
#include <vector>

using coil::detail::FramePool;

namespace {

constexpr std::size_t watched_size = 2008;  // A class as a whole, which nothing else here takes.
std::int64_t taken_from_heap = 0;
#if defined(COIL_ASAN)
constexpr bool recycles = false;
#else
constexpr bool recycles = true;
#endif

}  // namespace

// Every block of the heap, so that those of one size can be counted.
void* operator new(std::size_t size) {
  if (size == watched_size) ++taken_from_heap;
  if (void* const block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace {

constexpr std::size_t sizes[] = {1, 8, 9, 24, 25, 200, 2040, 2041, 100'000};

TEST_CASE("every size has its block, which nobody else has") {
  const std::int64_t before = FramePool::live();
  for (int round = 0; round < 2; ++round) {
    std::vector<void*> blocks;
    for (const std::size_t size : sizes) {
      blocks.push_back(FramePool::allocate(size));
      std::memset(blocks.back(), static_cast<int>(size % 251), size);
      const auto address = reinterpret_cast<std::uintptr_t>(blocks.back());
      CHECK(address % (size > 8 ? __STDCPP_DEFAULT_NEW_ALIGNMENT__ : 8) == 0);
    }
    CHECK(FramePool::live() == before + static_cast<std::int64_t>(blocks.size()));
    for (std::size_t index = 0; index < blocks.size(); ++index) {
      const auto* bytes = static_cast<const unsigned char*>(blocks[index]);
      CHECK(bytes[0] == sizes[index] % 251);
      CHECK(bytes[sizes[index] - 1] == sizes[index] % 251);
      FramePool::deallocate(blocks[index], sizes[index]);
    }
    CHECK(FramePool::live() == before);
  }
}

TEST_CASE(
    "a thread keeps 4 MiB of a size for the next ones, and counts what it gave back as well") {
  constexpr std::int64_t kept = std::int64_t{4 << 20} / watched_size;
  constexpr std::int64_t count = 2 * kept;
  const std::int64_t before = FramePool::live();
  for (int round = 0; round < 3; ++round) {
    const std::int64_t taken = taken_from_heap;
    std::vector<void*> blocks;
    for (std::int64_t each = 0; each < count; ++each) {
      blocks.push_back(FramePool::allocate(watched_size));
    }
    const bool keeps = round != 0 && recycles;
    CHECK(taken_from_heap - taken == (keeps ? count - kept : count));
    CHECK(FramePool::live() == before + count);
    CHECK(std::set<void*>(blocks.begin(), blocks.end()).size() == blocks.size());
    for (void* const block : blocks) FramePool::deallocate(block, watched_size);
    CHECK(FramePool::live() == before);
  }
}

TEST_CASE("a block may be given back on another thread; the counts even out in the sum") {
  const std::int64_t before = FramePool::live();
  void* const mine = FramePool::allocate(64);
  void* theirs = nullptr;
  std::int64_t live_there = 0;
  std::thread other([&] {
    FramePool::deallocate(mine, 64);
    theirs = FramePool::allocate(100);
    FramePool::deallocate(FramePool::allocate(64), 64);
    live_there = FramePool::live();
  });
  other.join();
  FramePool::deallocate(theirs, 100);
  CHECK(live_there == 0);
  CHECK(FramePool::live() == before);
}

}  // namespace
