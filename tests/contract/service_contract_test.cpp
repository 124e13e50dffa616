// Covers: service.h: what parents do with their children, and in which order.
#include <stdexcept>
#include <string>
#include <utility>

#include "support/contract.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;

// Notes the beginning and the end of each of its steps, between which others may run.
class Noting : public Service {
 public:
  Noting(Strings& seen, std::string name) : Service(std::move(name)), seen_(seen) {}

  Task<void> privilegedStartService() override {
    seen_.push_back("prepare " + name());
    co_await Service::privilegedStartService();
  }
  Task<void> startService() override {
    co_await Service::startService();
    co_await step("start", fails_to_start);
  }
  Task<void> stopService() override {
    co_await Service::stopService();
    co_await step("stop", fails_to_stop);
  }

  bool fails_to_start = false;
  bool fails_to_stop = false;
  Event* started = nullptr;  // Set by a step that goes on when `enough` is set.
  Event* enough = nullptr;

 private:
  Task<void> step(std::string what, bool fails) {
    seen_.push_back(what + " " + name());
    if (started != nullptr) started->set();
    if (enough != nullptr) co_await enough->wait();
    co_await yield();
    if (fails) throw std::runtime_error(name() + " cannot " + what);
    seen_.push_back(name() + " done");
  }

  Strings& seen_;
};

// A parent and what its children note.
class Family {
 public:
  std::shared_ptr<Noting> make(const std::string& name) {
    return std::make_shared<Noting>(seen, name);
  }
  std::shared_ptr<Noting> add(const std::string& name) {
    auto child = make(name);
    child->setServiceParent(*parent);
    return child;
  }
  Strings take() { return std::exchange(seen, {}); }

  Strings seen;
  std::shared_ptr<MultiService> parent = std::make_shared<MultiService>("parent");
};

TEST_CASE("children start in order, each when the one before it has started, and stop in reverse") {
  COIL_CONTRACT(reactor);
  Family family;
  for (const char* name : {"a", "b", "c"}) family.add(name);
  auto program = [&]() -> Task<void> {
    co_await family.parent->privilegedStartService();
    CHECK(family.take() == Strings{"prepare a", "prepare b", "prepare c"});
    CHECK_FALSE(family.parent->running());
    co_await family.parent->startService();
    CHECK(family.take() == Strings{"start a", "a done", "start b", "b done", "start c", "c done"});
    CHECK(family.parent->running());
    co_await family.parent->stopService();
    CHECK(family.take() == Strings{"stop c", "c done", "stop b", "b done", "stop a", "a done"});
    CHECK_FALSE(family.parent->running());
    co_await family.parent->stopService();
    CHECK(family.take().empty());
  };
  run(*reactor, program());
}

TEST_CASE("a stop waits for all children although some fail, and throws the first failure") {
  COIL_CONTRACT(reactor);
  Family family;
  family.add("a");
  family.add("b")->fails_to_stop = true;
  family.add("c")->fails_to_stop = true;
  auto program = [&]() -> Task<void> {
    co_await family.parent->startService();
    family.take();
    const Result<> stopped = co_await as_result(family.parent->stopService());
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().failure().getErrorMessage() == "c cannot stop");
    CHECK(family.take() == Strings{"stop c", "stop b", "stop a", "a done"});
  };
  run(*reactor, program());
  CHECK(reactor.log == Strings{"the service 'b' failed to stop: b cannot stop"});
}

TEST_CASE("a start that fails ends there, and a stop ends what had begun") {
  COIL_CONTRACT(reactor);
  Family family;
  family.add("a");
  family.add("b")->fails_to_start = true;
  family.add("c");
  auto program = [&]() -> Task<void> {
    const Result<> started = co_await as_result(family.parent->startService());
    REQUIRE_FALSE(started);
    CHECK(started.error().failure().getErrorMessage() == "b cannot start");
    CHECK(family.take() == Strings{"start a", "a done", "start b"});
    co_await family.parent->stopService();
    CHECK(family.take() == Strings{"stop b", "b done", "stop a", "a done"});
  };
  run(*reactor, program());
}

TEST_CASE("a child that is added to a running parent is started, the privileged step first") {
  COIL_CONTRACT(reactor);
  Family family;
  auto program = [&]() -> Task<void> {
    co_await family.parent->startService();
    const auto child = family.make("a");
    Deferred<void> added = family.parent->addService(child);
    CHECK(child->parent() == family.parent.get());
    co_await added;
    CHECK(family.take() == Strings{"prepare a", "start a", "a done"});
    const auto broken = family.make("b");
    broken->fails_to_start = true;
    const Result<> result = co_await as_result(family.parent->addService(broken));
    CHECK_FALSE(result);
    co_await family.parent->stopService();
  };
  run(*reactor, program());
}

TEST_CASE("a child that is removed from a running parent is stopped") {
  COIL_CONTRACT(reactor);
  Family family;
  const auto child = family.add("a");
  CHECK_THROWS_AS(family.parent->removeService(*family.make("a")), std::invalid_argument);
  auto program = [&]() -> Task<void> {
    co_await child->disownServiceParent();
    CHECK(family.take().empty());
    CHECK(child->parent() == nullptr);
    CHECK(family.parent->size() == 0);
    child->setServiceParent(*family.parent);
    co_await family.parent->startService();
    family.take();
    co_await family.parent->removeService(*child);
    CHECK(family.take() == Strings{"stop a", "a done"});
    co_await family.parent->stopService();
    CHECK(family.take().empty());
  };
  run(*reactor, program());
  CHECK_THROWS_AS(child->disownServiceParent(), std::logic_error);
}

TEST_CASE("a child that moves is stopped by its old parent before the new one starts it") {
  COIL_CONTRACT(reactor);
  Family family;
  const auto child = family.add("a");
  const auto running = std::make_shared<MultiService>();
  const auto idle = std::make_shared<MultiService>();
  auto program = [&]() -> Task<void> {
    co_await family.parent->startService();
    co_await running->startService();
    family.take();
    co_await child->setServiceParent(*running);
    CHECK(family.take() == Strings{"stop a", "a done", "prepare a", "start a", "a done"});
    CHECK(family.parent->size() == 0);
    CHECK(child->parent() == running.get());
    co_await child->setServiceParent(*idle);
    CHECK(family.take() == Strings{"stop a", "a done"});
    co_await child->setServiceParent(*idle);
    CHECK(family.take().empty());
    CHECK(idle->size() == 1);
  };
  run(*reactor, program());
}

TEST_CASE("names are unique and stay, nothing is inside itself, and a refusal changes nothing") {
  COIL_CONTRACT(reactor);
  Family family;
  const auto child = family.add("a");
  CHECK_THROWS_AS(child->setName("b"), std::logic_error);
  CHECK(child->name() == "a");
  const auto other = std::make_shared<MultiService>("other");
  const auto twin = family.make("a");
  twin->setServiceParent(*other);
  CHECK_THROWS_AS(family.parent->addService(twin), std::invalid_argument);
  CHECK(twin->parent() == other.get());
  CHECK(family.parent->size() == 1);
  other->setServiceParent(*family.parent);
  CHECK_THROWS_AS(other->addService(family.parent), std::invalid_argument);
  CHECK_THROWS_AS(other->addService(other), std::invalid_argument);
  CHECK(family.parent->size() == 2);
  twin->disownServiceParent();
  twin->setName("");
  twin->setServiceParent(*family.parent);
  family.make("")->setServiceParent(*family.parent);  // Those without a name may be many.
  CHECK(family.parent->size() == 4);
}

TEST_CASE("children are found by their names, and seen in order") {
  COIL_CONTRACT(reactor);
  Family family;
  const auto first = family.add("a");
  const auto second = family.add("b");
  CHECK(family.parent->getServiceNamed("b") == second);
  CHECK_THROWS_AS(family.parent->getServiceNamed("c"), std::out_of_range);
  std::vector<std::shared_ptr<Service>> seen;
  for (const auto& child : *family.parent) seen.push_back(child);
  CHECK(seen == std::vector<std::shared_ptr<Service>>{first, second});
  family.parent.reset();
  CHECK(first->parent() == nullptr);
}

TEST_CASE("all children of one parent can be given to another one") {
  COIL_CONTRACT(reactor);
  Family family;
  for (const char* name : {"a", "b", "c"}) family.add(name);
  const auto heir = std::make_shared<MultiService>("heir");
  while (family.parent->size() != 0) heir->addService(*family.parent->begin());
  REQUIRE(heir->size() == 3);
  for (const auto& child : *heir) CHECK(child->parent() == heir.get());
  CHECK((*heir->begin())->name() == "a");
}

TEST_CASE("a child that is removed while it starts is stopped when it has started") {
  COIL_CONTRACT(reactor);
  Family family;
  Event started;
  Event enough;
  const auto child = family.add("a");
  child->started = &started;
  child->enough = &enough;
  auto program = [&]() -> Task<void> {
    auto remove = [&]() -> Task<void> {
      co_await started.wait();
      Deferred<void> removed = family.parent->removeService(*child);
      for (int turns = 0; turns < 5; ++turns) co_await yield();
      CHECK(family.seen == Strings{"start a"});
      enough.set();
      co_await removed;
    };
    co_await when_all(family.parent->startService(), remove());
    CHECK(family.seen == Strings{"start a", "a done", "stop a", "a done"});
  };
  run(*reactor, program());
}

TEST_CASE("a child that is added while its parent starts is started once") {
  COIL_CONTRACT(reactor);
  Family family;
  Event started;
  Event enough;
  const auto first = family.add("a");
  first->started = &started;
  first->enough = &enough;
  auto program = [&]() -> Task<void> {
    auto add = [&]() -> Task<void> {
      co_await started.wait();
      co_await family.parent->addService(family.make("b"));
      enough.set();
    };
    co_await when_all(family.parent->startService(), add());
    CHECK(family.seen == Strings{"start a", "prepare b", "start b", "b done", "a done"});
    co_await family.parent->stopService();
  };
  run(*reactor, program());
}

TEST_CASE("a child that leaves and comes back while its parent starts is started once") {
  COIL_CONTRACT(reactor);
  Family family;
  Event started;
  Event enough;
  const auto first = family.add("a");
  first->started = &started;
  first->enough = &enough;
  const auto second = family.add("b");
  auto program = [&]() -> Task<void> {
    auto come_back = [&]() -> Task<void> {
      co_await started.wait();
      co_await second->disownServiceParent();
      co_await second->setServiceParent(*family.parent);
      enough.set();
    };
    co_await when_all(family.parent->startService(), come_back());
    CHECK(family.seen == Strings{"start a", "prepare b", "start b", "b done", "a done"});
    co_await family.parent->stopService();
  };
  run(*reactor, program());
}

TEST_CASE("a stop that is cancelled leaves the children whose turn had not come") {
  COIL_CONTRACT(reactor);
  Family family;
  Event enough;
  family.add("a");
  const auto last = family.add("b");
  auto program = [&]() -> Task<void> {
    co_await family.parent->startService();
    family.take();
    last->enough = &enough;
    auto stop = with_timeout(std::chrono::milliseconds(1), family.parent->stopService());
    const Result<> stopped = co_await as_result(std::move(stop));
    CHECK(stopped.error().code() == Errc::timed_out);
    CHECK(family.take() == Strings{"stop b"});
    co_await family.parent->stopService();
    CHECK(family.take() == Strings{"stop a", "a done"});
  };
  run(*reactor, program());
}

}  // namespace
