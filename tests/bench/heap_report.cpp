// Linked into every server: SIGUSR1 makes it print `heap BYTES`, what its heap has handed out.
//
// The handler walks the heap's own account, which is sound only while the program is not inside
// malloc: whoever asks does so when the server waits for events.
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

namespace {

void report(int) {
  const struct mallinfo2 info = ::mallinfo2();
  char line[64];
  const int size = std::snprintf(line, sizeof line, "heap %zu\n", info.uordblks + info.hblkhd);
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) < 0) ::_exit(1);
}

[[gnu::constructor]] void take_signal() {
  struct sigaction action = {};
  action.sa_handler = &report;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
}

}  // namespace
