// What the simulation tests share: a network under one seed, and a busy program to run on it.
#pragma once

#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/testing/simulated_reactor.h>
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/tcp_pair.h"
#include "support/test_options.h"

namespace coil::testing {

// A simulated reactor that keeps its log, and at its end has nothing left over.
class Simulated {
 public:
  explicit Simulated(std::uint64_t seed = test_seed())
      : frames_(detail::FramePool::live()), reactor_(std::make_unique<SimulatedReactor>(seed)) {
    reactor_->set_log_sink([this](const LogRecord& record) { log.push_back(record.text()); });
  }
  Simulated(const Simulated&) = delete;
  Simulated& operator=(const Simulated&) = delete;
  ~Simulated() {
    CHECK(reactor_->counters().submitted == reactor_->counters().completed);
    CHECK(reactor_->buffers().held() == 0);
    reactor_.reset();
    CHECK(detail::FramePool::live() == frames_);
  }

  SimulatedReactor& operator*() noexcept { return *reactor_; }
  SimulatedReactor* operator->() noexcept { return reactor_.get(); }

  std::vector<std::string> log;

 private:
  std::int64_t frames_;
  std::unique_ptr<SimulatedReactor> reactor_;
};

// Runs `body` with each of `count` seeds, the first of which is that of this run.
template <class Body>
void for_seeds(std::uint64_t count, Body body) {
  for (std::uint64_t seed = test_seed(); seed != test_seed() + count; ++seed) {
    CAPTURE(seed);
    body(seed);
  }
}

// Text of `size` bytes in which a lost or doubled byte shows.
inline std::string pattern(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t at = 0; at < size; ++at) text[at] = static_cast<char>(at * 31 >> 3);
  return text;
}

}  // namespace coil::testing
