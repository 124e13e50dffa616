// The part of the contract about applications that is for POSIX systems: ends by a signal.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "support/contract.h"

using namespace coil;
using namespace coil::testing;

namespace {

class Noting : public Service {
 public:
  explicit Noting(std::string& seen) : Service("noting"), seen_(seen) {}
  Task<void> stopService() override {
    co_await Service::stopService();
    seen_ = "stop";
  }

 private:
  std::string& seen_;
};

// Runs an application that is told to end by `number` in a child; gives how the child ended.
int wait_status_after(int number) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGINT, SIG_DFL);      // The test framework has handlers of its own.
    std::signal(SIGTERM, [](int) {});  // It is not what the signal does at the end.
    std::unique_ptr<Reactor> reactor = make_contract_reactor();
    std::string seen;
    Application application("site");
    application.addService(std::make_shared<Noting>(seen));
    reactor->callLater(std::chrono::milliseconds(1), [&] {
      if (number == 0) reactor->stop();
      if (number != 0) std::raise(number);
    });
    const int status = run_application(*reactor, application);
    std::_Exit(status == 0 && seen == "stop" ? 3 : 4);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

TEST_CASE("the parent of an application sees the signal that ended it") {
  {
    COIL_CONTRACT(reactor);
    if (reactor->name() == "simulated") return;  // It does not relay the process's signals.
  }
  const int told = wait_status_after(0);
  CHECK(WIFEXITED(told));
  CHECK(WEXITSTATUS(told) == 3);
  for (const int number : {SIGTERM, SIGINT}) {
    const int status = wait_status_after(number);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == number);
  }
}

}  // namespace
