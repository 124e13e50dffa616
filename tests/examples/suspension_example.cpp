// The examples of suspension.h: an awaiter of one's own.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

using namespace coil;

namespace {

class Latch {
 public:
  class Wait;
  Wait wait() noexcept;
  void open() {
    while (Suspension* waiter = waiters.pop_front()) waiter->context().reactor().ready(*waiter);
  }
  detail::IntrusiveList<Suspension> waiters;
};

// [latch]
class Latch::Wait final : public Suspension {
 public:
  explicit Wait(Latch& latch) noexcept : Suspension(&give_up), latch_(latch) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) {
    if (!enter(context, waiter)) return false;  // The scope was cancelled.
    latch_.waiters.push_back(*this);
    return true;
  }
  void await_resume() const { check_cancelled(); }

 private:
  static void give_up(Suspension& self) noexcept {
    self.unlink();
    static_cast<Wait&>(self).finish_cancelled();
  }
  Latch& latch_;
};
// [/latch]

Latch::Wait Latch::wait() noexcept { return Wait(*this); }

}  // namespace

TEST_CASE("latch") {
  const auto reactor = make_reactor();
  Latch latch;
  int passed = 0;
  auto waits = [&]() -> Task<void> {
    co_await latch.wait();
    ++passed;
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(waits);
    group.spawn(waits);
    co_await yield();
    latch.open();
    co_await yield();
    group.spawn(waits);
    co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK(passed == 2);
}
