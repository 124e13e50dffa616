// Records what a test program did not try, and why.
#pragma once

#include <string_view>

namespace coil::testing {

// For what a reactor cannot do anywhere. Prints `skip: <what>: <reason>` and counts it; a program
// that is told how many of them to expect (--skips) fails when there are more or fewer.
void note_skip(std::string_view what, std::string_view reason);
// For what this machine lacks, or its user: the line says so, and another machine has none.
void note_lack(std::string_view what, std::string_view reason);

// Says how often note_skip() was called.
int skip_count() noexcept;

}  // namespace coil::testing
