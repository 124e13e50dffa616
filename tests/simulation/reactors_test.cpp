// Covers: testing/reactors.h.
#include <coil/runtime.h>
#include <coil/testing/reactors.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/skip.h"

using namespace coil;
using namespace coil::testing;

namespace {

// An environment variable with another value for a while.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* before = std::getenv(name);
    had_ = before != nullptr;
    if (had_) before_ = before;
    ::setenv(name, value, 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (had_) {
      ::setenv(name_, before_.c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::string before_;
  bool had_;
};

TEST_CASE("every reactor is made by its name and runs a task") {
  for (const std::string_view name : reactor_names()) {
    std::string refusal;
    const std::unique_ptr<Reactor> reactor = make_test_reactor(name, 1, refusal);
    if (reactor == nullptr) {
      note_lack(name, refusal);
      continue;
    }
    CHECK(reactor->name() == name);
    auto task = []() -> Task<int> {
      co_await sleep(std::chrono::milliseconds(1));
      co_return 5;
    };
    CHECK(run(*reactor, task()) == 5);
  }
  CHECK(reactor_names().back() == "simulated");
}

TEST_CASE("an unknown name is refused with a reason that repeats it") {
  std::string refusal;
  CHECK(make_test_reactor("kqueue9", 1, refusal) == nullptr);
  CHECK(refusal.find("kqueue9") != std::string::npos);
}

TEST_CASE("the environment names the contract's reactor and seed") {
  const Variable reactor("COIL_TEST_REACTOR", "simulated");
  {
    const Variable seed("COIL_SEED", "77");
    CHECK(contract_seed() == 77);
    CHECK(make_contract_reactor()->description() == "seed 77");
  }
  {
    const Variable seed("COIL_SEED", "7x");
    CHECK_THROWS_AS(contract_seed(), std::invalid_argument);
  }
  const Variable wrong("COIL_TEST_REACTOR", "nothing");
  CHECK_THROWS_AS(make_contract_reactor(), std::invalid_argument);
}

}  // namespace
