// Checks that broken requirements end the program, by breaking them in a child process.
#pragma once

#include <functional>
#include <string>

namespace coil::testing {

// Runs `broken` in a child, and gives what it said before it aborted; empty if it did not abort.
// Call it before the test makes a reactor: a ring must not be shared with a child.
std::string last_words(const std::function<void()>& broken);

}  // namespace coil::testing
