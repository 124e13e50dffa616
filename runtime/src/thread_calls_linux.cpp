// Names and processors of threads on Linux.
#include <coil/runtime/detail/thread_calls.h>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cstddef>

namespace coil::detail {

namespace {

// False on a machine with more processors than a cpu_set_t has room for: then nothing is known.
//
// Source: sched_getaffinity(2).
bool allowed_cores(cpu_set_t& set) {
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) != 0;
}

constexpr std::size_t name_max = 15;  // As pthread_setname_np(3) has it.

}  // namespace

void name_this_thread(const std::string& name) {
  const std::size_t number = std::min(name.rfind('-'), name.size());
  const std::string last = name.substr(number, name_max);
  const std::string text = name.substr(0, std::min(number, name_max - last.size())) + last;
  ::pthread_setname_np(::pthread_self(), text.c_str());
}

void keep_this_thread_on(unsigned core) {
  cpu_set_t allowed;
  if (!allowed_cores(allowed)) return;
  unsigned left = core % static_cast<unsigned>(CPU_COUNT(&allowed));
  for (int number = 0; number < CPU_SETSIZE; ++number) {
    if (!CPU_ISSET(number, &allowed) || left-- != 0) continue;
    cpu_set_t mine;
    CPU_ZERO(&mine);
    CPU_SET(number, &mine);
    ::pthread_setaffinity_np(::pthread_self(), sizeof mine, &mine);
    return;
  }
}

int processor_of_this_thread() {
  cpu_set_t mine;
  if (!allowed_cores(mine) || CPU_COUNT(&mine) != 1) return -1;
  int number = 0;
  while (!CPU_ISSET(number, &mine)) ++number;
  return number;
}

unsigned usable_cores() {
  cpu_set_t allowed;
  return allowed_cores(allowed) ? static_cast<unsigned>(CPU_COUNT(&allowed)) : 1;
}

}  // namespace coil::detail
