// Covers: application.h: a tree of services as a program, and the exit status it ends with.
#include <stdexcept>
#include <string>
#include <vector>

#include "support/contract.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;

namespace {

using Strings = std::vector<std::string>;

// Notes its steps; one of them fails or never ends if it is told to.
class Part : public Service {
 public:
  Part(Strings& seen, std::string name, std::string fails = "", std::string hangs = "")
      : Service(std::move(name)), seen_(seen), fails_(std::move(fails)), hangs_(std::move(hangs)) {}
  Task<void> privilegedStartService() override { co_await step("prepare"); }
  Task<void> startService() override {
    co_await Service::startService();
    co_await step("start");
  }
  Task<void> stopService() override {
    co_await Service::stopService();
    co_await step("stop");
  }

 private:
  Task<void> step(std::string what) {
    co_await yield();
    seen_.push_back(what + " " + name());
    if (what == fails_) throw std::runtime_error("no");
    if (what == hangs_) co_await sleep(hours(1000));
  }

  Strings& seen_;
  const std::string fails_;
  const std::string hangs_;
};

TEST_CASE("an application drops its privileges before it starts, and stops before the shutdown") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Application application("site");
  CHECK(application.name() == "site");
  application.addService(std::make_shared<Part>(seen, "a"));
  std::make_shared<Part>(seen, "b")->setServiceParent(application.services());
  auto drop = [&]() -> Task<void> {
    co_await yield();
    seen.push_back("drop");
    reactor->callLater(std::chrono::milliseconds(1), [&] { reactor->stop(); });
  };
  application.set_privilege_drop(drop);
  reactor->addSystemEventTrigger(Phase::during, "shutdown", [&] { seen.push_back("shutdown"); });
  CHECK(application.run(*reactor) == 0);
  CHECK(seen == Strings{"prepare a", "prepare b", "drop", "start a", "start b", "stop b", "stop a",
                        "shutdown"});
  CHECK(reactor.log.empty());
}

TEST_CASE("a start that fails stops the application, with the exit status 1") {
  for (const char* step : {"prepare", "start"}) {
    COIL_CONTRACT(reactor);
    Strings seen;
    Application application("site");
    application.addService(std::make_shared<Part>(seen, "a"));
    application.addService(std::make_shared<Part>(seen, "b", step));
    CHECK(run_application(*reactor, application) == 1);
    CHECK(seen.back() == "stop a");
    CHECK(reactor.log == Strings{"the application 'site' failed to start: no"});
  }
}

TEST_CASE("a privilege that cannot be dropped keeps the services from starting") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Application application("site");
  application.addService(std::make_shared<Part>(seen, "a"));
  application.set_privilege_drop([] { throw std::runtime_error("still root"); });
  CHECK(application.run(*reactor) == 1);
  CHECK(seen == Strings{"prepare a", "stop a"});
  CHECK(reactor.log == Strings{"the application 'site' failed to start: still root"});
}

TEST_CASE("a stop that fails gives the exit status 1") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Application application("site");
  application.addService(std::make_shared<Part>(seen, "a", "stop"));
  reactor->callLater(std::chrono::milliseconds(1), [&] { reactor->stop(); });
  CHECK(application.run(*reactor) == 1);
  CHECK(reactor.log == Strings{"the application 'site' failed to stop: no"});
}

TEST_CASE("a stop while the application starts cancels the start, and then stops what had begun") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Application application("site");
  application.addService(std::make_shared<Part>(seen, "a"));
  application.addService(std::make_shared<Part>(seen, "b", "", "start"));
  application.addService(std::make_shared<Part>(seen, "c"));
  reactor->callLater(std::chrono::milliseconds(1), [&] { reactor->stop(); });
  CHECK(application.run(*reactor) == 0);
  CHECK(seen == Strings{"prepare a", "prepare b", "prepare c", "start a", "start b", "stop c",
                        "stop b", "stop a"});
  CHECK(reactor.log.empty());
}

TEST_CASE("a service that does not stop is named by the report of a forced stop") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Application application("site");
  class Stubborn : public Service {
   public:
    explicit Stubborn(Event& asked, Event& enough)
        : Service("database"), asked_(asked), enough_(enough) {}
    Task<void> stopService() override {
      asked_.set();
      auto waits = [this]() -> Task<void> { co_await enough_.wait(); };
      co_await shielded(waits());
    }

   private:
    Event& asked_;
    Event& enough_;
  };
  Event asked;
  Event enough;
  application.addService(std::make_shared<Stubborn>(asked, enough));
  auto force = [&]() -> Task<void> {
    co_await asked.wait();
    reactor->force_stop();
  };
  detail::start_root<"force">(*reactor, force());
  reactor->callLater(std::chrono::milliseconds(1), [&] { reactor->stop(); });
  CHECK(run_application(*reactor, application) == 0);
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log[0].find("1 forced: service database (application.cpp:") != std::string::npos);
  enough.set();
  reactor->iterate();
}

}  // namespace
