// What the contract about the ends of children asks of POSIX systems only.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "support/command_runs.h"
#include "support/contract.h"
#include "support/descriptors.h"
#include "support/forked.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

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
