// Every reactor by its name, so that one test can be run on each of them.
#pragma once

#include <coil/runtime/reactor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace coil::testing {

// The names of all reactors that exist on any machine of this platform, the simulated one last.
//
// Example (tests/examples/simulation_example.cpp, "every reactor"):
//
//   for (const std::string_view name : reactor_names()) {
//     std::string refusal;
//     if (auto reactor = make_test_reactor(name, 1, refusal)) run(*reactor, scenario());
//   }
std::span<const std::string_view> reactor_names() noexcept;

// Makes the reactor of that name; null, with the reason in `refusal`, where it cannot be had.
// `seed` is for the simulated one.
std::unique_ptr<Reactor> make_test_reactor(std::string_view name, std::uint64_t seed,
                                           std::string& refusal);

// The seed that the environment variable COIL_SEED asks for; 1 without it.
//
// Errors: std::invalid_argument when it is no number.
std::uint64_t contract_seed();

// Makes the reactor that the environment variable COIL_TEST_REACTOR names, with contract_seed();
// without the variable it is make_reactor's choice. A simulated one moves whole transfers with
// little latency and expects other threads, because that is what a contract test finds on the
// loopback of a real machine.
//
// Errors: ReactorUnavailable where it cannot be had; std::invalid_argument for an unknown name.
std::unique_ptr<Reactor> make_contract_reactor();

}  // namespace coil::testing
