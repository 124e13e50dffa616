// The examples of defer_to_thread.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

#include <string_view>
#include <thread>

using namespace coil;

namespace {

class Silent : public Protocol {
  void dataReceived(ConstBytes) override {}
};

int add_up(std::string_view file) { return static_cast<int>(file.size()); }

}  // namespace

TEST_CASE("defer") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  // [defer]
  Deferred<int> sum = deferToThread(reactor, [] { return add_up("figures.csv"); });
  sum.addErrback([](Failure) { return 0; });
  // [/defer]
  auto program = [&]() -> Task<int> { co_return co_await sum; };
  CHECK(run(reactor, program()) == 11);
}

TEST_CASE("defer to pool") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  ThreadPool pool(ThreadPoolOptions().set_sizes(1, 1));
  pool.start();
  // [defer to pool]
  Deferred<int> sum = deferToThreadPool(reactor, pool, [] { return add_up("figures.csv"); });
  sum.addErrback([](Failure) { return 0; });
  // [/defer to pool]
  auto program = [&]() -> Task<int> { co_return co_await sum; };
  CHECK(run(reactor, program()) == 11);
}

TEST_CASE("blocking call") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  ListeningPort port = listenTCP(reactor, Address::loopback(0), Factory::forProtocol<Silent>());
  std::thread other([&] {
    // [blocking call]
    std::size_t clients = blockingCallFromThread(reactor, [&] { return port.connections(); });
    // [/blocking call]
    CHECK(clients == 0);
    blockingCallFromThread(reactor, [&] { reactor.stop(); });
  });
  reactor.run();
  other.join();
}
