// The backends of this build, as the reactor factory makes them.
#pragma once

#include <coil/runtime/reactor.h>

#include <cstdint>
#include <memory>
#include <string>

namespace coil::detail {

// Null, with one sentence that names the cause and the cure, when io_uring cannot be had.
std::unique_ptr<Reactor> make_io_uring_reactor(std::string& refusal);
std::unique_ptr<Reactor> make_epoll_reactor();
std::unique_ptr<Reactor> make_poll_reactor();
std::unique_ptr<Reactor> make_select_reactor();
std::unique_ptr<Reactor> make_simulated_reactor(std::uint64_t seed);

}  // namespace coil::detail
