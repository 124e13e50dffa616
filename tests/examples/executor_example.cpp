// The examples of blocking_executor.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <utility>

using namespace coil;

namespace {

// [work]
class Once final : public BlockingWork {
 public:
  explicit Once(Callback call) : call_(std::move(call)) {}
  void work() override {
    const std::unique_ptr<Once> self(this);
    std::move(call_)();
  }
  void drop(std::error_code) noexcept override { delete this; }

 private:
  Callback call_;
};
// [/work]

}  // namespace

TEST_CASE("work") {
  bool called = false;
  ThreadPool pool(ThreadPoolOptions().set_sizes(1, 1));
  pool.submit(*new Once([&] { called = true; }));
  pool.start();
  pool.stop();
  CHECK(called);
  pool.submit(*new Once([&] { called = false; }));
  CHECK(called);
}

TEST_CASE("run") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  auto program = [&]() -> Task<std::uintmax_t> {
    // [run]
    auto work = [] { return std::filesystem::file_size("/proc/self/exe"); };
    std::uintmax_t size = co_await getThreadPool(reactor)->run(work);
    // [/run]
    co_return size;
  };
  CHECK(run(reactor, program()) != 0);
}
