// What differs among POSIX systems of a child and the pipes to it. Included by the process sources.
#pragma once

#include <signal.h>

#include <array>
#include <cstddef>

namespace coil::detail {

// waitid(2) for the child of that number, by its descriptor where it has one (else -1).
int wait_for_child(int pid, int pidfd, siginfo_t& info, int options) noexcept;
// kill(2) for the same child, which by descriptor never meets another one.
int signal_child(int pid, int pidfd, int number) noexcept;

// pipe(2), whose ends no program inherits.
int make_pipe(std::array<int, 2>& ends) noexcept;
// Two connected sockets for messages of one size, which no program inherits; read with MSG_WAITALL.
int make_message_pair(int (&ends)[2]) noexcept;

// The environment of this process.
char** environment_of_process() noexcept;

// getgrouplist(3), setgroups(2); and all of a process's numbers of a group, or of a user, at once.
int list_groups(const char* user, unsigned group, unsigned* groups, int& count) noexcept;
int set_groups(const unsigned* groups, std::size_t count) noexcept;
int set_group_numbers(unsigned group) noexcept;
int set_user_numbers(unsigned user) noexcept;
// Whether no other user or group is left among those numbers, as far as the system shows them.
bool all_numbers_are(unsigned user, unsigned group) noexcept;

}  // namespace coil::detail
