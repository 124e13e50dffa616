// ChildScript: what a new child does until it is another program, prepared down to the last byte.
// Included by the spawn files.
#pragma once

#include <cstddef>

namespace coil::detail {

// One descriptor of this process that becomes one of the child.
struct DescriptorMove {
  int source;
  int target;
};

// Where the child may fail.
enum class SpawnStep : int { start, session, descriptors, terminal, directory, user, execute };
const char* spawn_step_text(SpawnStep step) noexcept;

// The child shares this process's memory while this process waits: it may read all this, and
// allocates nothing, takes no lock and calls nothing that might.
struct ChildScript {
  const char* const* candidates = nullptr;  // Paths to try, up to a null pointer.
  char* const* arguments = nullptr;
  char* const* variables = nullptr;
  const char* directory = nullptr;  // Null: stays.
  DescriptorMove* moves = nullptr;  // In the order of their targets, each of which is there once.
  std::size_t move_count = 0;
  const unsigned* groups = nullptr;
  std::size_t group_count = 0;
  unsigned user = 0;
  unsigned group = 0;
  bool switches_user = false;
  bool new_session = false;
  bool new_group = false;
  bool takes_terminal = false;      // Descriptor 0 becomes its controlling terminal.
  int report = -1;                  // Takes step and error number of a failure; closed by success.
  const char* complaint = nullptr;  // Opens a sentence for the child's descriptor 2, if not null.
};

// What became of the attempt: a child, perhaps with a descriptor for it, or an error number.
struct Started {
  int pid = -1;
  int pidfd = -1;
  int error = 0;
};
// Starts a child that follows the script; returns when it is another program or has failed.
Started start_child(ChildScript& script, bool wants_pidfd) noexcept;

}  // namespace coil::detail
