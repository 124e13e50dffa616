// Covers: frame_pool.h: recycled blocks, their limit, and the count of those that are out.
#include <coil/runtime/detail/frame_pool.h>
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

using coil::detail::FramePool;

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

TEST_CASE("blocks are used again as far as a thread keeps them, and counted beyond that") {
  constexpr std::size_t size = 2000;
  constexpr std::int64_t count = 5000;  // More than a thread keeps of that size.
  const std::int64_t before = FramePool::live();
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    for (std::int64_t each = 0; each < count; ++each) blocks.push_back(FramePool::allocate(size));
    CHECK(FramePool::live() == before + count);
    CHECK(std::set<void*>(blocks.begin(), blocks.end()).size() == blocks.size());
    for (void* const block : blocks) FramePool::deallocate(block, size);
    CHECK(FramePool::live() == before);
  }
#if !defined(COIL_ASAN)
  void* const block = FramePool::allocate(size);
  FramePool::deallocate(block, size);
  CHECK(FramePool::allocate(size) == block);
  FramePool::deallocate(block, size);
#endif
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
