// The part of the contract about events that is for POSIX systems: signals that interrupt a wait.
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "support/contract.h"

using namespace coil;
using std::chrono::milliseconds;

namespace {

TEST_CASE("a wait that a signal interrupts goes on") {
  COIL_CONTRACT(reactor);
  struct sigaction quiet = {};
  quiet.sa_handler = [](int) {};
  struct sigaction before = {};
  ::sigaction(SIGUSR1, &quiet, &before);
  const pthread_t loop = ::pthread_self();
  std::atomic<bool> over{false};
  std::thread disturber([&] {
    while (!over) {
      ::pthread_kill(loop, SIGUSR1);
      std::this_thread::yield();
    }
  });
  const TimePoint start = reactor->now();
  TimePoint fired;
  reactor->callLater(milliseconds(5), [&] {
    fired = reactor->now();
    reactor->stop();
  });
  reactor->run();
  over = true;
  disturber.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  CHECK(fired >= start + milliseconds(5));
  CHECK(reactor->counters().submitted == reactor->counters().completed);
}

}  // namespace
