// What the process tests share: the child program, and reading what it says.
#pragma once

#include <coil/process.h>
#include <coil/runtime.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace coil::testing {

// The program tests/process/child.cpp, which does what its first argument says.
template <class... A>
Command child(A... arguments) {
  return Command(COIL_TEST_CHILD, std::move(arguments)...);
}

template <class Reader>
Task<std::string> all_of(Reader& reader) {
  std::string text;
  for (;;) {
    const BufferLease data = co_await reader.receive();
    if (data.empty()) co_return text;
    text += as_text(data.bytes());
  }
}

// True if this process has no child at all, alive or dead.
inline bool has_no_child() {
  siginfo_t info;
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

inline bool is_busy(Reactor& reactor) {
  return reactor.counters().submitted != reactor.counters().completed;
}

// Turns until no child is left, and nothing is in flight.
inline void settle(Reactor& reactor) {
  while (!has_no_child() || is_busy(reactor)) reactor.iterate(std::chrono::milliseconds(5));
}

// True if there is such a process, alive or dead.
inline bool is_there(int pid) { return std::filesystem::exists("/proc/" + std::to_string(pid)); }

}  // namespace coil::testing
