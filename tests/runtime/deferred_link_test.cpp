// Covers: deferred_link.h, deferred_await.h: the memory of links and callbacks, and how they go.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace coil;

namespace {

TEST_CASE("links and callbacks are blocks of the pool, run or dropped, whatever they keep") {
  struct alignas(64) Wide {
    int value = 20;
  };
  const std::int64_t before = detail::FramePool::live();
  for (const bool fired : {true, false}) {
    int sum = 0;
    bool aligned = false;
    {
      Deferred<int> deferred;
      CHECK(detail::FramePool::live() == before + 1);
      deferred.addCallback([&sum](int value) { return sum += value; });
      CHECK(detail::FramePool::live() == before + 2);
      deferred.addCallback(
          [&, large = std::array<int, 1000>{1}](int value) { return sum += value + large[0]; });
      deferred.addCallback([&, wide = Wide()](int value) {
        aligned = reinterpret_cast<std::uintptr_t>(&wide) % alignof(Wide) == 0;
        return sum += value + wide.value;
      });
      if (fired) deferred.callback(1);
    }
    CHECK(detail::FramePool::live() == before);
    CHECK(aligned == fired);
    CHECK(sum == (fired ? 26 : 0));
  }
}

// A value of which the n-th move throws.
class Slippery {
 public:
  explicit Slippery(int& moves_left) noexcept : moves_left_(&moves_left) {}
  Slippery(Slippery&& other) : moves_left_(other.moves_left_) { moved(); }
  Slippery& operator=(Slippery&& other) {
    moves_left_ = other.moves_left_;
    moved();
    return *this;
  }

 private:
  void moved() {
    if (--*moves_left_ == 0) throw std::runtime_error("slipped");
  }

  int* moves_left_;
};

TEST_CASE("who awaits a value that cannot be moved to it hears of that, or can be cancelled") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  auto take = [](Deferred<Slippery> deferred) -> Task<int> {
    co_await deferred;
    co_return 1;
  };
  int told = 0;
  auto body = [&]() -> Task<void> {
    for (int moves = 1, result = 0; result == 0; ++moves) {
      int moves_left = moves;
      Deferred<Slippery> deferred;
      Deferred<int> taken = Deferred<int>::fromCoroutine(*reactor, take(deferred));
      taken.addErrback([&](Failure failure) {
        if (failure.check<std::runtime_error>()) ++told;
        return 0;
      });
      co_await yield();
      bool thrown = false;
      try {
        deferred.callback(Slippery(moves_left));
      } catch (const std::runtime_error&) {
        thrown = true;
      }
      co_await yield();
      if (thrown) taken.cancel();
      result = co_await taken;
    }
  };
  run(*reactor, body());
  CHECK(told != 0);
}

TEST_CASE(
    "cancelling what waits for a Deferred that is about to go touches nothing that has gone") {
  // Cancels when it goes: while the link whose callback keeps it is destroyed.
  struct AtEnd {
    explicit AtEnd(std::function<void()> function) : call(std::move(function)) {}
    AtEnd(AtEnd&& other) noexcept : call(std::exchange(other.call, nullptr)) {}
    ~AtEnd() {
      if (call) call();
    }
    std::function<void()> call;
  };
  Deferred<int> outer;
  auto inner = std::make_optional<Deferred<int>>();
  outer.addCallback([inner = *inner](int) { return inner; });
  int failed = 0;
  outer.addErrback([&](Failure failure) {
    failed += failure.check<CancelledError>() ? 1 : 100;
    return 0;
  });
  outer.callback(1);
  {
    Deferred<int> dying;
    dying.addCallback([end = AtEnd([&] {
                         inner.reset();
                         outer.cancel();
                       })](int value) { return value; });
  }
  outer.cancel();
  CHECK(failed == 1);
}

}  // namespace
