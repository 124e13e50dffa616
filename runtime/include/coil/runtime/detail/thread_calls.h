// What the system lets a thread say about itself. For the threads of coil.
#pragma once

#include <string>

namespace coil::detail {

// Names the calling thread, NAME or NAME-NUMBER; a long name is cut, and the number stays.
void name_this_thread(const std::string& name);
// Keeps the calling thread to one of the processors that the program may use, counted from 0, and
// from 0 again behind the last. A system that has no such thing is left alone.
void keep_this_thread_on(unsigned core);
// The one processor that the calling thread is kept to, as the system numbers it; -1 if there is
// none, or the system does not tell.
int processor_of_this_thread();
// How many processors the program may use; at least 1.
unsigned usable_cores();

}  // namespace coil::detail
