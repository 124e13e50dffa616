// What a test program asks of its own process. The system's half is chosen by the build.
#pragma once

#include <cstddef>

namespace coil::testing {

// Gives the process what a program of its own finds, whoever started this one.
void prepare_test_process() noexcept;
// Ends the program with a line that names the test case, unless it is disarmed in time.
void arm_deadline(const char* test_case, unsigned seconds) noexcept;
void disarm_deadline() noexcept;
// The name that the deadline was armed with.
const char* running_test_case() noexcept;
// How many descriptors the process has open.
std::ptrdiff_t open_descriptors();

}  // namespace coil::testing
