// SIGPIPE as an error of the write that causes it. Included by the reactor factory.
#pragma once

namespace coil::detail {

// Lets the process live when it writes to a pipe or a connection that nobody reads any more: the
// write fails with EPIPE. Acts once in a process, and only where the signal has its default
// disposition; a choice of the program's own, before or after, is left alone.
//
// Threads: Any thread.
void survive_broken_pipes() noexcept;

}  // namespace coil::detail
