// Counters as text.
#include "common/counters.h"

#include <coil/runtime/sleep.h>

#include <cstdio>

namespace samples {

std::string Counters::text() const {
  const std::string said = messages == 0 ? "" : std::to_string(messages) + " messages, ";
  return std::to_string(connections) + " connections (" + std::to_string(open) + " open), " + said +
         std::to_string(bytes) + " bytes";
}

Counters& Counters::operator+=(const Counters& other) noexcept {
  connections += other.connections;
  open += other.open;
  messages += other.messages;
  bytes += other.bytes;
  return *this;
}

coil::Task<void> show_live(const Counters& counters) {
  std::uint64_t before = 0;
  for (;;) {
    co_await coil::sleep(std::chrono::seconds(1));
    std::printf("\r%s, %llu bytes/s   ", counters.text().c_str(),
                static_cast<unsigned long long>(counters.bytes - before));
    std::fflush(stdout);
    before = counters.bytes;
  }
}

}  // namespace samples
