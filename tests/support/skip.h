// Records what a test program could not try on this machine, and why.
#pragma once

#include <string_view>

namespace coil::testing {

// Prints `skip: <what>: <reason>` and counts it; the program prints the count at its end.
void note_skip(std::string_view what, std::string_view reason);

// Says how often note_skip() was called.
int skip_count() noexcept;

}  // namespace coil::testing
