// Reactor threads of the kind under test.
#pragma once

#include <coil/runtime.h>
#include <coil/testing/reactors.h>
#include <coil/threads.h>

#include <cstddef>
#include <string>
#include <utility>

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

// Waits for ever, or until it is cancelled.
inline Task<void> linger(Reactor&) {
  Event never;
  co_await never.wait();
}

}  // namespace coil::testing
