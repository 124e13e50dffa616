// What the contract tests share: the reactor under test, and the check that nothing is left over.
#pragma once

#include <coil/runtime.h>
#include <coil/testing/reactors.h>
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/skip.h"
#include "support/test_options.h"
#include "support/test_process.h"

namespace coil::testing {

// The reactor that this run is about, with its log collected; at its end, everything that a test
// can leak is counted.
class Contract {
 public:
  Contract() : descriptors_(open_descriptors()), frames_(detail::FramePool::live()) {
    try {
      reactor_ = make_contract_reactor();
    } catch (const ReactorUnavailable& error) {
      note_lack(test_reactor(), error.what());
      return;
    }
    reactor_->set_log_sink([this](const LogRecord& record) { log.push_back(record.text()); });
  }
  Contract(const Contract&) = delete;
  Contract& operator=(const Contract&) = delete;
  ~Contract() {
    if (!reactor_) return;
    CHECK(reactor_->counters().submitted == reactor_->counters().completed);
    CHECK(reactor_->buffers().held() == 0);
    reactor_.reset();
    CHECK(open_descriptors() == descriptors_);
    CHECK(detail::FramePool::live() == frames_);
  }

  // False when this machine refuses the reactor: the test has nothing to say.
  explicit operator bool() const noexcept { return reactor_ != nullptr; }
  Reactor& operator*() const noexcept { return *reactor_; }
  Reactor* operator->() const noexcept { return reactor_.get(); }

  std::vector<std::string> log;

 private:
  std::ptrdiff_t descriptors_;
  std::int64_t frames_;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace coil::testing

// Opens a contract test: makes the reactor, or leaves with the reason that was noted.
#define COIL_CONTRACT(contract)     \
  coil::testing::Contract contract; \
  if (!(contract)) return

// The same for what only a reactor with a kernel below it can do; `what` names that.
#define COIL_KERNEL_CONTRACT(contract, what)                                        \
  COIL_CONTRACT(contract);                                                          \
  if ((contract)->name() == "simulated") {                                          \
    coil::testing::note_skip(what, "the simulated reactor has no kernel below it"); \
    return;                                                                         \
  }                                                                                 \
  static_assert(true)
