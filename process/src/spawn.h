// spawn_child: from a Command to a running child and the ends of its pipes. Included by the files
// that make a Process and a ProcessTransport.
#pragma once

#include <coil/process/command.h>

#include "owned_descriptor.h"

#include <vector>

namespace coil::detail {

// This side's end of one pipe to a child, non-blocking.
struct ParentEnd {
  int number = -1;  // The descriptor in the child.
  bool reads = false;
  OwnedDescriptor end;
};

struct SpawnedChild {
  int pid = -1;
  OwnedDescriptor pidfd;  // Invalid where the system has none.
  std::vector<ParentEnd> ends;
};

// What becomes of a child that cannot become its program.
enum class SpawnFailure : bool {
  is_thrown,     // SystemError names the step; there is no child.
  is_complaint,  // It says so on its descriptor 2 and exits with 1.
};

// Starts the child. Errors: SystemError; what was opened is closed again, and nothing else.
SpawnedChild spawn_child(const Command& command, SpawnFailure failure);
// The same on a terminal: descriptors 0 to 2 are `slave`, which becomes its controlling terminal.
SpawnedChild spawn_on_terminal(const Command& command, SpawnFailure failure, int slave);

// Whether descriptors of processes are to be used at all.
bool uses_pidfd() noexcept;

}  // namespace coil::detail
