// spawn_on_terminal: a child on a terminal of its own. Included by the POSIX files that spawn.
#pragma once

#include "spawn.h"

namespace coil::detail {

// Like spawn_child, but descriptors 0 to 2 are `slave`, which becomes its controlling terminal.
SpawnedChild spawn_on_terminal(const Command& command, SpawnFailure failure, int slave);

}  // namespace coil::detail
