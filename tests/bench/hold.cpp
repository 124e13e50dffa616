// Holds idle connections: one that has carried enough messages to warm every pool and ring of the
// server, then as many as asked for that have carried one each.
//
// usage: bench_hold PORT COUNT
// Prints `ready` when the first is idle and, after a line on standard input, when all are; ends
// with standard input.
#include <cstdint>
#include <cstdio>

#include "clients.h"

int main(int argc, char** argv) {
  const auto number = load::numbers(argc, argv, 2, "PORT COUNT");
  const auto port = static_cast<std::uint16_t>(number[0]);
  const load::Pattern pattern;
  load::exchange(load::connect_to(port), pattern, 3000);
  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF) return 0;
  load::open_idle(port, pattern, static_cast<std::size_t>(number[1]));
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
