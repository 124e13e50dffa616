// Reactor threads of the kind under test.
#pragma once

#include <coil/runtime.h>
#include <coil/testing/reactors.h>
#include <coil/threads.h>

#include <cstddef>
#include <string>
#include <utility>

#include "support/skip.h"

namespace coil::testing {

inline std::unique_ptr<Reactor> make_quiet_reactor() {
  auto reactor = make_contract_reactor();
  reactor->set_log_sink([](const LogRecord&) {});
  return reactor;
}

inline ReactorThreadOptions worker_options(std::string name = "worker") {
  return ReactorThreadOptions().set_name(std::move(name)).set_make(&make_quiet_reactor);
}

inline ReactorGroupOptions group_options(std::size_t size) {
  return ReactorGroupOptions().set_size(size).set_name("worker").set_make(&make_quiet_reactor);
}

// A stop waits for its tasks for so long, and in simulated time that is over at once: a task that
// waits for another thread then is parked.
inline bool stop_waits_for_nobody(const Reactor& reactor) {
  if (reactor.name() != "simulated") return false;
  note_skip("a stop while another thread works", "simulated time does not wait for threads");
  return true;
}

// Waits for ever, or until it is cancelled.
inline Task<void> linger(Reactor&) {
  Event never;
  co_await never.wait();
}

}  // namespace coil::testing
