// Covers: process/process.h: children that are given up, released, or alive when a reactor goes.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include "support/child.h"
#include "support/contract.h"
#include "support/forked.h"
#include "support/pipes.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

Task<Process> started(Reactor& reactor, Command command) {
  Process process = Process::spawn(reactor, command);
  const BufferLease ready = co_await process.output().receive();
  CHECK(as_text(ready.bytes()) == "ready");
  co_return process;
}

}  // namespace

TEST_CASE("a Process that goes ends its child and reaps it") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto forgets = [&]() -> Task<void> {
    Process process = co_await started(*reactor, child("forever"));
    Process other = co_await started(*reactor, child("forever"));
    process = std::move(other);  // Gives up the first one at once.
  };
  run(*reactor, forgets());
  settle(*reactor);
}

TEST_CASE("a child that does not heed SIGTERM is killed when its grace has passed") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  int pid = 0;
  auto forgets = [&]() -> Task<void> {
    Process process = co_await started(*reactor, child("stubborn").set_grace(milliseconds(20)));
    pid = process.pid();
  };
  run(*reactor, forgets());
  CHECK(is_there(pid));
  settle(*reactor);
}

TEST_CASE("a stop of the reactor ends the children of the tasks that it cancels") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto waits = [&]() -> Task<void> {
    Process process = co_await started(*reactor, child("forever"));
    reactor->stop();
    co_await process.wait();
  };
  auto main = Deferred<void>::fromCoroutine(*reactor, waits());
  main.addErrback([](const Failure&) {});
  reactor->run();
  CHECK(has_no_child());
  CHECK(reactor->last_stop().forced() == 0);
}

TEST_CASE("clean-up in the middle of a stop may wait for its child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  std::optional<ExitStatus> status;
  auto ends_it = [&](Process& process) -> Task<void> {
    process.input().close();
    status = co_await process.wait();
  };
  auto waits = [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("wait"));
    bool told = false;
    try {
      reactor->stop();
      co_await process.wait();
    } catch (const Cancelled&) {
      told = true;
    }
    CHECK(told);
    co_await shielded(ends_it(process));
  };
  auto main = Deferred<void>::fromCoroutine(*reactor, waits());
  main.addErrback([](const Failure&) {});
  reactor->run();
  CHECK(status == ExitStatus::exited(0));
  CHECK(has_no_child());
}

TEST_CASE("a Process that outlives the stop does not hold it up, and ends with its owner") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  {
    std::optional<Process> process;
    auto begins = [&]() -> Task<void> {
      process = co_await started(*reactor, child("forever"));
      reactor->stop();
    };
    auto main = Deferred<void>::fromCoroutine(*reactor, begins());
    reactor->run();
    CHECK(reactor->last_stop().forced() == 0);
    CHECK(is_there(process->pid()));
  }
  // The reactor, which goes next, waits for the end.
}

TEST_CASE("where nobody turns the loop any more, its end reaps what was given up") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  {
    auto made = make_contract_reactor();
    Process process = run(*made, started(*made, child("forever")));
    Process other = run(*made, started(*made, child("stubborn").set_grace(milliseconds(10))));
  }
  CHECK(has_no_child());
}

TEST_CASE("a stubborn child is killed when the time of a stop has passed, whatever its grace") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto made = make_contract_reactor();
  made->set_stop_deadline(milliseconds(1));
  auto waits = [&]() -> Task<void> {
    Process process = co_await started(*made, child("stubborn").set_grace(hours(1)));
    made->stop();
    co_await process.wait();
  };
  auto main = Deferred<void>::fromCoroutine(*made, waits());
  main.addErrback([](const Failure&) {});
  made->run();
  CHECK(has_no_child());
  CHECK(made->last_stop().forced() == 1);
}

TEST_CASE("a child that is stopped ends without delay when it is given up") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto forgets = [&]() -> Task<void> {
    Process process = co_await started(*reactor, child("forever").set_grace(hours(1)));
    process.signal(SIGSTOP);
    siginfo_t info{};
    const auto number = static_cast<id_t>(process.pid());
    REQUIRE(::waitid(P_PID, number, &info, WSTOPPED | WNOWAIT) == 0);
  };
  run(*reactor, forgets());
  settle(*reactor);
}

TEST_CASE("a child that may not be signaled any more does not hold up the reactor's end") {
  if (test_reactor() == "simulated") {
    note_skip("processes", "the simulated reactor has no kernel below it");
    return;
  }
  if (::geteuid() != 0) {
    note_lack("children of root's", "only root may change the user");
    return;
  }
  const RawPipe line;
  const Ended ended = run_in_child([&] {
    auto made = make_contract_reactor();
    made->set_stop_deadline(milliseconds(1));
    {
      Command command = child("wait").set_input(line.reading.number());
      const Process process = Process::spawn(*made, command.set_grace(milliseconds(0)));
      if (::setresuid(65534, 65534, 65534) != 0) return 2;
    }
    made.reset();
    return 0;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("a child that was released outlives its Process and its reactor") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  int pid = 0;
  std::array<int, 2> line{};
  REQUIRE(::pipe2(line.data(), O_CLOEXEC) == 0);
  {
    auto made = make_contract_reactor();
    Process process = Process::spawn(*made, child("wait").set_input(line[0]));
    pid = process.pid();
    process.release();
    CHECK_FALSE(process.is_open());
    Process reaped = Process::spawn(*made, child("exit", "0"));
    const int gone = reaped.pid();
    reaped.release();
    while (is_there(gone)) made->iterate(milliseconds(5));
  }
  CHECK(is_there(pid));
  ::close(line[0]);
  ::close(line[1]);
  int status = 0;
  CHECK(::waitpid(pid, &status, 0) == pid);  // Nobody else has taken it.
  CHECK(WIFEXITED(status));
}
