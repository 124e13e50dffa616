// The examples of service.h, timer_service.h and application.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <optional>

using namespace coil;

namespace {

class Greet : public Protocol {
  void connectionMade() override {
    transport().write("hello");
    transport().loseConnection();
  }
  void dataReceived(ConstBytes) override {}
};

// [service]
class Greeter : public Service {
 public:
  explicit Greeter(Reactor& reactor) : reactor_(reactor) {}
  Task<void> startService() override {
    port_.emplace(listenTCP(reactor_, Address::loopback(0), Factory::forProtocol<Greet>()));
    co_await Service::startService();
  }
  Task<void> stopService() override {
    co_await Service::stopService();
    if (port_) co_await port_->stopListening();
  }
  // [/service]
  Address address() const { return port_->getHost(); }
  // [service]

 private:
  Reactor& reactor_;
  std::optional<ListeningPort> port_;
};
// [/service]

int greeting_program(std::unique_ptr<Reactor>& reactor) {
  // [application]
  Application application("greeting");
  application.addService(std::make_shared<Greeter>(*reactor));
  return run_application(*reactor, application);
  // [/application]
}

void program_of_its_own(std::unique_ptr<Reactor> reactor) {
  // [exit signal]
  reactor->run();
  const int number = reactor->exit_signal();
  reactor.reset();
  raise_exit_signal(number);
  // [/exit signal]
}

}  // namespace

TEST_CASE("a service is started and stopped by its parent") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  auto program = [&]() -> Task<void> {
    // [tree]
    auto root = std::make_shared<MultiService>();
    auto greeter = std::make_shared<Greeter>(reactor);
    greeter->setName("greeter");
    root->addService(greeter);
    co_await root->startService();
    // [/tree]
    TcpStream stream = co_await TcpStream::connect(reactor, greeter->address());
    std::string heard(5, '.');
    co_await read_exactly(stream, heard);
    CHECK(heard == "hello");
    CHECK(root->getServiceNamed("greeter") == greeter);
    // [tree]
    std::printf("%s runs\n", root->getServiceNamed("greeter")->name().c_str());
    co_await root->stopService();
    // [/tree]
    CHECK_FALSE(greeter->running());
  };
  run(reactor, program());
}

TEST_CASE("a timer service is a child like any other") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  MultiService root;
  int connections = 0;
  // [timer]
  auto statistics = std::make_shared<TimerService>(
      std::chrono::seconds(10), [&] { std::printf("%d connections\n", connections); });
  statistics->setServiceParent(root);
  // [/timer]
  auto program = [&]() -> Task<void> {
    co_await root.startService();
    CHECK(statistics->running());
    co_await root.stopService();
  };
  run(*reactor, program());
  CHECK_FALSE(statistics->running());
}

TEST_CASE("an application runs until its reactor stops") {
  std::unique_ptr<Reactor> reactor = make_reactor();
  reactor->callLater(std::chrono::milliseconds(1), [&] { reactor->stop(); });
  CHECK(greeting_program(reactor) == 0);
}

TEST_CASE("a program that no signal ended goes on") {
  std::unique_ptr<Reactor> reactor = make_reactor();
  reactor->callLater(std::chrono::milliseconds(1), [loop = reactor.get()] { loop->stop(); });
  program_of_its_own(std::move(reactor));
}
