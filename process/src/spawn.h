// spawn_child: from a Command to a running child and the ends of its pipes. Included by the files
// that make a Process and a ProcessTransport.
#pragma once

#include <coil/process/command.h>

#include <coil/runtime/owned_handle.h>

#include "native_child.h"

#include <memory>
#include <vector>

namespace coil::detail {

// This side's end of one pipe to a child, non-blocking.
struct ParentEnd {
  int number = -1;  // The descriptor in the child.
  bool reads = false;
  OwnedHandle end;
};

struct SpawnedChild {
  std::unique_ptr<NativeChild> native;
  std::vector<ParentEnd> ends;
};

// What becomes of a child that cannot become its program.
enum class SpawnFailure : bool {
  is_thrown,     // SystemError names the step; there is no child.
  is_complaint,  // It says so on its descriptor 2 and exits with 1.
};

// Starts the child. Errors: SystemError; what was opened is closed again, and nothing else.
SpawnedChild spawn_child(const Command& command, SpawnFailure failure);

}  // namespace coil::detail
