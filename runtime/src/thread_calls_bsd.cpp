// Names of threads on the BSDs. What keeps a thread to a processor differs among them: it is left.
#include <coil/runtime/detail/thread_calls.h>

#include <pthread.h>
#include <unistd.h>
#if !defined(__NetBSD__)
#include <pthread_np.h>
#endif

#include <algorithm>

namespace coil::detail {

void name_this_thread(const std::string& name) {
#if defined(__NetBSD__)
  ::pthread_setname_np(::pthread_self(), "%s", const_cast<char*>(name.c_str()));
#else
  ::pthread_set_name_np(::pthread_self(), name.c_str());
#endif
}

void keep_this_thread_on(unsigned) {}
int processor_of_this_thread() { return -1; }

unsigned usable_cores() {
  return static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

}  // namespace coil::detail
