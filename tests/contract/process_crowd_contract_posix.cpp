// Crowds of children on POSIX systems.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/contract.h"
#include "support/process_notes.h"

using namespace coil;
using namespace coil::testing;

namespace {

class Crowd {
 public:
  explicit Crowd(int count) {
    for (int each = 0; each < count; ++each) {
      numbers_.push_back(::open("/dev/null", O_RDONLY));  // Not closed by execve itself.
      REQUIRE(numbers_.back() >= 0);
    }
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    for (const int number : numbers_) ::close(number);
  }

 private:
  std::vector<int> numbers_;
};

Task<void> list_descriptors(Reactor& reactor, int& right) {
  Process process = Process::spawn(reactor, child("descriptors"));
  process.input().close();
  const std::string text = co_await all_of(process.output());
  const ExitStatus status = co_await process.wait();
  if (text == "0 1 2 " && status.success()) ++right;
}

Task<void> make_noise(Reactor& reactor, int number, int& right) {
  constexpr std::size_t size = 1 << 20;
  const int code = number % 5 == 0 ? -SIGKILL : number % 256;
  Process process =
      Process::spawn(reactor, child("noise", std::to_string(size), std::to_string(code)));
  auto count = [](PipeReader& reader) -> Task<std::size_t> {
    std::size_t total = 0;
    for (;;) {
      const BufferLease data = co_await reader.receive();
      if (data.empty()) co_return total;
      total += data.size();
    }
  };
  auto [output, errors] = co_await when_all(count(process.output()), count(process.errors()));
  const ExitStatus status = co_await process.wait();
  const ExitStatus expected = code < 0 ? ExitStatus::signaled(SIGKILL) : ExitStatus::exited(code);
  if (output == size && errors == size && status == expected) ++right;
}

}  // namespace

TEST_CASE("a thousand children see none of two thousand descriptors and leave no zombie") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  if (!may_open(4000)) return;
  const Crowd crowd(2000);
  int right = 0;
  auto body = [&](TaskGroup& group) -> Task<void> {
    Semaphore places(50);
    auto one = [&]() -> Task<void> {
      co_await list_descriptors(*reactor, right);
      places.release();
    };
    for (int each = 0; each < 1000; ++each) {
      co_await places.acquire();
      group.spawn(one);
    }
    for (int each = 0; each < 50; ++each) co_await places.acquire();
  };
  auto all = [&]() -> Task<void> { co_await with_task_group(body); };
  run(*reactor, all());
  CHECK(right == 1000);
  CHECK(has_no_child());
}

TEST_CASE("five hundred children at once each say a mebibyte twice, and all of it arrives") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  if (!may_open(4000)) return;
  int right = 0;
  auto body = [&](TaskGroup& group) -> Task<void> {
    auto one = [&](int number) -> Task<void> { co_await make_noise(*reactor, number, right); };
    for (int each = 0; each < 500; ++each) group.spawn(one, each);
    co_return;
  };
  auto all = [&]() -> Task<void> { co_await with_task_group(body); };
  run(*reactor, all());
  CHECK(right == 500);
  CHECK(has_no_child());
}
