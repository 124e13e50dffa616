// The backends of this build, as the reactor factory makes them.
#pragma once

#include <coil/runtime/reactor.h>
#include <coil/runtime/reactor_factory.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace coil::detail {

// How one kind of reactor is made: null, with one sentence in `refusal`, or an exception, when it
// cannot be had.
struct Backend {
  ReactorKind kind;
  std::unique_ptr<Reactor> (*make)(std::string& refusal);
};

// What this platform has, the best first: each platform has a file of its own.
std::span<const Backend> platform_backends() noexcept;
// Adds one that the platform does not have by itself, behind the others. For test programs.
//
// Requires: No reactor has been made yet, nor listed.
void add_backend(Backend backend);

// Null, with one sentence that names the cause and the cure, when io_uring cannot be had.
std::unique_ptr<Reactor> make_io_uring_reactor(std::string& refusal);
std::unique_ptr<Reactor> make_epoll_reactor();
std::unique_ptr<Reactor> make_kqueue_reactor();
std::unique_ptr<Reactor> make_iocp_reactor();
std::unique_ptr<Reactor> make_poll_reactor();
std::unique_ptr<Reactor> make_select_reactor();
std::unique_ptr<Reactor> make_simulated_reactor(std::uint64_t seed);

}  // namespace coil::detail
