// Making reactors: the choice of a backend at run time.
#pragma once

#include <coil/runtime/reactor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace coil {

enum class ReactorKind : std::uint8_t { automatic, io_uring, epoll, kqueue, iocp, poll, select };

std::string_view to_string(ReactorKind kind) noexcept;
// Returns the kind of that name ("auto" is automatic); nothing for any other word.
std::optional<ReactorKind> reactor_kind_from_string(std::string_view name) noexcept;

// ReactorOptions: what make_reactor is asked for.
//
// Example (tests/examples/reactor_example.cpp, "options"):
//
//   std::unique_ptr<Reactor> reactor = make_reactor(ReactorOptions().set_kind(ReactorKind::epoll));
//
// Units: Sizes are bytes.
class ReactorOptions {
 public:
  ReactorOptions() noexcept {}

  ReactorOptions& set_kind(ReactorKind value) noexcept {
    kind = value;
    return *this;
  }
  // Where the line that names the choice goes; nowhere unless set.
  ReactorOptions& set_log_sink(LogSink value) {
    log_sink = std::move(value);
    return *this;
  }
  // See Reactor::set_stop_deadline.
  ReactorOptions& set_stop_deadline(Duration value) noexcept {
    stop_deadline = value;
    return *this;
  }
  // See Reactor::set_stop_on_signals.
  ReactorOptions& set_stop_on_signals(bool value) noexcept {
    stop_on_signals = value;
    return *this;
  }

  ReactorKind kind = ReactorKind::automatic;
  LogSink log_sink;
  std::optional<Duration> stop_deadline;
  bool stop_on_signals = true;
};

// ReactorUnavailable: what make_reactor throws; its text says which reactor, and why.
//
// Example (tests/examples/reactor_example.cpp, "unavailable"):
//
//   try {
//     reactor = make_reactor(ReactorOptions().set_kind(ReactorKind::io_uring));
//   } catch (const ReactorUnavailable& refusal) {
//     std::puts(refusal.what());
//   }
class ReactorUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Makes a reactor for the calling thread.
//
// `automatic` tries what the platform has in the order of ReactorKind (Linux: io_uring, epoll,
// poll, select; macOS and the BSDs: kqueue, poll, select; Windows: iocp) and logs one line that
// names the choice and, when an earlier one was refused, why. The environment variable COIL_REACTOR
// overrides `automatic`.
//
// The first reactor of a process takes SIGPIPE, if nobody did: a write to a pipe or a connection
// that nobody reads any more fails with EPIPE and does not end the process. A program's own choice
// for that signal is left alone, and programs that it executes start with the default.
//
// Errors: ReactorUnavailable, naming the cause, when the kind that was asked for cannot be had;
//         std::invalid_argument when COIL_REACTOR names no reactor, listing those that exist.
std::unique_ptr<Reactor> make_reactor(ReactorOptions options = ReactorOptions());

// AvailableReactor: one line of what this machine offers.
//
// Example (tests/examples/reactor_example.cpp, "available"):
//
//   for (const AvailableReactor& entry : available_reactors()) {
//     std::printf("%s: %s\n", entry.name.c_str(), entry.refusal.c_str());
//   }
class AvailableReactor {
 public:
  AvailableReactor() noexcept {}
  ReactorKind kind = ReactorKind::automatic;
  std::string name;
  std::string description;  // The features in use; empty when it is refused.
  std::string refusal;      // Why it cannot be had; empty when it can.
};

// Tries every reactor of this build.
std::vector<AvailableReactor> available_reactors();

}  // namespace coil
