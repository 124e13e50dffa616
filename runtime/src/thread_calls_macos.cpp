// Names of threads on macOS, which keeps no thread to a processor.
#include <coil/runtime/detail/thread_calls.h>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>

namespace coil::detail {

void name_this_thread(const std::string& name) { ::pthread_setname_np(name.c_str()); }

void keep_this_thread_on(unsigned) {}
int processor_of_this_thread() { return -1; }

unsigned usable_cores() {
  return static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

}  // namespace coil::detail
