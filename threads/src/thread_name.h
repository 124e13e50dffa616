// The name by which a debugger or `top -H` shows the present thread. For pool_state.cpp only.
#pragma once

#include <string>

namespace coil::detail {

// Calls it NAME-NUMBER; a long NAME is cut, so that the number stays.
void name_this_thread(const std::string& name, unsigned number) noexcept;

}  // namespace coil::detail
