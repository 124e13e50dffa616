// What the command line and the environment of a test program ask for.
#pragma once

#include <cstdint>
#include <string>

namespace coil::testing {

// The seed of everything random in this run: --seed=N, else 1. The same seed gives the same run.
std::uint64_t test_seed() noexcept;

// The reactor to test, from the environment variable COIL_TEST_REACTOR; empty if none is named.
std::string test_reactor();

}  // namespace coil::testing
