// Covers: reactor_factory.h: which reactor one gets, and what is said of it.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/test_process.h"

using namespace coil;
using coil::testing::set_environment;

namespace {

// COIL_REACTOR with another value for a while.
class Override {
 public:
  explicit Override(const char* value) {
    if (const char* before = std::getenv("COIL_REACTOR")) before_ = before;
    set_environment("COIL_REACTOR", value);
  }
  Override(const Override&) = delete;
  Override& operator=(const Override&) = delete;
  ~Override() { set_environment("COIL_REACTOR", before_.c_str()); }

 private:
  std::string before_;
};

}  // namespace

TEST_CASE("the names of the kinds can be read back") {
  for (const AvailableReactor& entry : available_reactors()) {
    CHECK(reactor_kind_from_string(entry.name) == entry.kind);
    CHECK(to_string(entry.kind) == entry.name);
  }
  CHECK(reactor_kind_from_string("auto") == ReactorKind::automatic);
  CHECK(!reactor_kind_from_string("Epoll"));
  CHECK(!reactor_kind_from_string(""));
}

TEST_CASE("a reactor of this build either says what it uses, or why it cannot be had") {
  const std::vector<AvailableReactor> all = available_reactors();
  CHECK_FALSE(all.empty());
  for (const AvailableReactor& entry : all) {
    CAPTURE(entry.name);
    CHECK(entry.description.empty() != entry.refusal.empty());
    if (entry.refusal.empty()) {
      CHECK(make_reactor(ReactorOptions().set_kind(entry.kind))->name() == entry.name);
    } else {
      CHECK_THROWS_AS(make_reactor(ReactorOptions().set_kind(entry.kind)), ReactorUnavailable);
    }
  }
}

TEST_CASE("a kind that this platform lacks is refused with those that it has") {
  const std::vector<AvailableReactor> all = available_reactors();
  for (const ReactorKind kind : {ReactorKind::epoll, ReactorKind::kqueue}) {
    const auto is_it = [&](const AvailableReactor& entry) { return entry.kind == kind; };
    if (std::any_of(all.begin(), all.end(), is_it)) continue;
    try {
      make_reactor(ReactorOptions().set_kind(kind));
      FAIL("it was made");
    } catch (const ReactorUnavailable& error) {
      const std::string text = error.what();
      CHECK(text.find(to_string(kind)) != std::string::npos);
      for (const AvailableReactor& entry : all) CHECK(text.find(entry.name) != std::string::npos);
    }
  }
  CHECK(reactor_kind_from_string("kqueue") == ReactorKind::kqueue);
}

TEST_CASE("the automatic choice is the first that can be had, and one line names it") {
  const Override none("");
  std::vector<std::string> lines;
  const auto sink = [&](const LogRecord& record) { lines.push_back(record.text()); };
  const std::unique_ptr<Reactor> reactor = make_reactor(ReactorOptions().set_log_sink(sink));
  REQUIRE(lines.size() == 1);
  CHECK(lines.front().find(reactor->name()) != std::string::npos);
  for (const AvailableReactor& entry : available_reactors()) {
    if (!entry.refusal.empty()) {
      CHECK(lines.front().find(entry.refusal) != std::string::npos);
      continue;
    }
    CHECK(entry.name == reactor->name());
    break;
  }
}

TEST_CASE("the deadline of a stop can be given with the other options") {
  Event enough;
  const auto reactor =
      make_reactor(ReactorOptions().set_stop_deadline(std::chrono::milliseconds(1)));
  auto waits = [&]() -> Task<void> { co_await enough.wait(); };
  auto stubborn = [&]() -> Task<void> { co_await shielded(waits()); };
  auto result = Deferred<void>::fromCoroutine(*reactor, stubborn());
  result.addErrback([](const Failure&) {});
  reactor->callWhenRunning([&] {
    reactor->callLater(std::chrono::seconds(5), [&] { enough.set(); });  // Not before.
    reactor->stop();
  });
  reactor->run();
  CHECK(reactor->last_stop().forced() == 1);
  enough.set();
}

TEST_CASE("the environment overrides the automatic choice, and no other") {
  const std::vector<AvailableReactor> all = available_reactors();
  const Override chosen(all.back().name.c_str());
  CHECK(make_reactor()->name() == all.back().name);
  for (const AvailableReactor& entry : all) {
    if (!entry.refusal.empty()) continue;
    CHECK(make_reactor(ReactorOptions().set_kind(entry.kind))->name() == entry.name);
  }
}

TEST_CASE("an environment that names no reactor is refused with those that exist") {
  const Override wrong("kqueue9");
  try {
    make_reactor();
    FAIL("it was taken");
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find("'kqueue9'") != std::string::npos);
    const std::string first = available_reactors().front().name;
    CHECK(std::string(error.what()).find(first) != std::string::npos);
  }
}
