// The part of the contract about signals that is for POSIX systems.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/contract.h"
#include "support/signals.h"

using namespace coil;
using namespace coil::testing;

namespace {

// True, and noted, for a reactor whose watchers take nothing from the process.
bool stands_apart(Reactor& reactor) {
  if (reactor.name() != "simulated") return false;
  note_skip("signals of the process on the simulated reactor", "raise_signal alone reaches it");
  return true;
}

TEST_CASE("a watcher of SIGCHLD sees a child's end, and not its pause") {
  COIL_CONTRACT(reactor);
  if (stands_apart(*reactor)) return;
  SignalWatcher children(*reactor, SIGCHLD);
  struct sigaction taken = {};
  ::sigaction(SIGCHLD, nullptr, &taken);
  CHECK((taken.sa_flags & (SA_RESTART | SA_NOCLDSTOP)) == (SA_RESTART | SA_NOCLDSTOP));
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  int status = 0;
  ::kill(child, SIGSTOP);
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(status));
  for (int turns = 0; turns < 3; ++turns) reactor->iterate();
  CHECK_FALSE(children.try_next());
  ::kill(child, SIGKILL);
  auto next = [&]() -> Task<int> { co_return co_await children.next(); };
  CHECK(run(*reactor, next()) == SIGCHLD);
  CHECK(::waitpid(child, &status, WNOHANG) == child);
}

TEST_CASE("signals may come at any moment while reactors and watchers come and go") {
  COIL_CONTRACT(offered);
  if (stands_apart(*offered)) return;
  const Disposition before(signal_b, &count_signal);
  std::atomic<bool> over{false};
  std::jthread disturber([&] {
    while (!over) {
      raise_in_process(signal_b);
      std::this_thread::yield();
    }
  });
  for (int count = 0; count < 50; ++count) {
    const std::unique_ptr<Reactor> reactor = make_contract_reactor();
    SignalWatcher lasting(*reactor, signal_b);
    for (int again = 0; again < 4; ++again) SignalWatcher(*reactor, {signal_b, signal_c}).close();
    auto next = [&]() -> Task<int> { co_return co_await lasting.next(); };
    CHECK(run(*reactor, next()) == signal_b);
  }
  over = true;
  disturber.join();
  CHECK(handled_by(signal_b, &count_signal));
}

}  // namespace
