// What a test program asks of its own process. The system's half is chosen by the build.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace coil::testing {

// Gives the process what a program of its own finds, whoever started this one.
void prepare_test_process() noexcept;
// Ends the program with a line that names the test case, unless it is disarmed in time.
void arm_deadline(const char* test_case, unsigned seconds) noexcept;
void disarm_deadline() noexcept;
// The name that the deadline was armed with.
const char* running_test_case() noexcept;
// How many descriptors the process has open, and how many threads it has.
std::ptrdiff_t open_descriptors();
std::ptrdiff_t thread_count();
// The most memory that it has had.
long peak_megabytes();
// As the system knows it.
std::string name_of_this_thread();
// Makes a directory that nobody else has.
std::filesystem::path make_directory();
void set_environment(const char* name, const char* value);

}  // namespace coil::testing
