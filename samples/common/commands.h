// Words of a command line as commands.
#pragma once

#include <coil/process/command.h>

#include <string>
#include <vector>

namespace samples {

// The first word is the program. Errors: std::invalid_argument where there is none.
coil::Command to_command(const std::vector<std::string>& words);
// Several, with a "|" between each two.
std::vector<coil::Command> to_commands(const std::vector<std::string>& words);

}  // namespace samples
