// Names threads by pthread_setname_np(3), which takes 15 bytes.
#include "thread_name.h"

#include <pthread.h>

#include <cstddef>

namespace coil::detail {

void name_this_thread(const std::string& name, unsigned number) noexcept {
  constexpr std::size_t size_max = 15;
  const std::string suffix = "-" + std::to_string(number);
  const std::string text = name.substr(0, size_max - suffix.size()) + suffix;
  ::pthread_setname_np(::pthread_self(), text.c_str());
}

}  // namespace coil::detail
