// Threads without names, where the system has no call for them that coil knows.
#include "thread_name.h"

namespace coil::detail {

void name_this_thread(const std::string&, unsigned) noexcept {}

}  // namespace coil::detail
