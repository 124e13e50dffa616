// What a server sample counts, shows while it runs, and sums up at its end.
#pragma once

#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstdint>
#include <string>

namespace samples {

struct Counters {
  std::uint64_t connections = 0;
  std::uint64_t open = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  std::string text() const;
  Counters& operator+=(const Counters& other) noexcept;
};

// Counts a connection, which is open as long as this lives.
class OpenConnection {
 public:
  explicit OpenConnection(Counters& counters) noexcept : counters_(counters) {
    ++counters_.connections;
    ++counters_.open;
  }
  OpenConnection(const OpenConnection&) = delete;
  OpenConnection& operator=(const OpenConnection&) = delete;
  ~OpenConnection() { --counters_.open; }

 private:
  Counters& counters_;
};

// Shows the counters once a second, on one line of the terminal.
coil::Task<void> show_live(const Counters& counters);

}  // namespace samples
