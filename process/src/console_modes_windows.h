// The mode of a console, put back at the end of the program at the latest. Included by
// stdio_windows.cpp.
#pragma once

namespace coil::detail {

// Gives each key as it is pressed, without echo. False if the descriptor is no console's input.
bool make_console_raw(int descriptor);
// Puts back what was before; does nothing where nothing was changed.
void put_console_back(int descriptor) noexcept;

}  // namespace coil::detail
