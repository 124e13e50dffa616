// Variables of processes, as the system tells them apart. Included by the sources of commands.
#pragma once

#include <coil/process/command.h>

#include <string>

namespace coil::detail {

// The variable of that name, or the end.
Environment::const_iterator find_variable(const Environment& environment, const std::string& name);

}  // namespace coil::detail
