// What a test asks the system about its children, and about what they find.
#pragma once

#include <string>

namespace coil::testing {

// True if this process has no child at all, alive or dead.
bool has_no_child();
// True if there is such a process, alive or dead.
bool is_there(int pid);
// Returns when it has ended, and leaves it to be reaped by others.
void await_end_of(int pid);
// Ends it, and reaps it where that is anybody's duty.
void kill_and_reap(int pid);

// Sets a variable of this process, or takes it away.
void set_own_variable(const char* name, const char* value);
// A folder that every system of this kind has, as a process in it names it.
std::string usual_folder();
// What stands between the folders of PATH.
std::string path_separator();
// What the system says of a file that is not there.
std::string no_such_file();

// So many descriptors as a crowd needs, or false and a note of why it cannot be tried.
bool may_open(unsigned count);

}  // namespace coil::testing
