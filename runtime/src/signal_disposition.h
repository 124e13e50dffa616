// What the process does with a signal. Included by signal_relay.cpp, which has a lock for it.
#pragma once

namespace coil::detail {

using SignalFunction = void (*)(int);

// Makes `handler` what the process does with a signal and remembers what it did before; if that is
// so already, nothing. False if the system refuses, or if only the default may be taken and the
// program has something of its own.
bool take_signal(int number, SignalFunction handler, bool only_default) noexcept;
// Puts back what was there before, but never over a handler that the program has set since.
void give_back_signal(int number, SignalFunction handler) noexcept;
// A handler that returns from these comes back at once, for ever.
bool is_fault(int number) noexcept;

}  // namespace coil::detail
