// What differs among POSIX systems of a child and the pipes to it. Included by the process sources.
#pragma once

#include <signal.h>

#include <array>

namespace coil::detail {

// waitid(2) for the child of that number, by its descriptor where it has one (else -1).
int wait_for_child(int pid, int pidfd, siginfo_t& info, int options) noexcept;
// kill(2) for the same child, which by descriptor never meets another one.
int signal_child(int pid, int pidfd, int number) noexcept;

// pipe(2), whose ends no program inherits.
int make_pipe(std::array<int, 2>& ends) noexcept;

}  // namespace coil::detail
