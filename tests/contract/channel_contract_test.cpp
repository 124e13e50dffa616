// Channels between reactors: order, bounds, cancellation, and every way in which an end goes.
// Covers: channel.h.
#include <coil/threads.h>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "support/contract.h"
#include "support/workers.h"

using namespace coil;
using namespace coil::testing;

namespace {

Task<void> count_to(Reactor&, ChannelSender<int> out, int last) {
  for (int number = 1; number <= last; ++number) co_await out.send(number);
}

// Runs a function there and comes back: what the worker had been asked before has begun.
Task<void> round_trip(ReactorThread& worker) {
  auto nothing = [](Reactor&) {};
  co_await worker.run(nothing);
}

// Ends as it is told, with what an end of a channel holds.
class Noted {
 public:
  explicit Noted(std::atomic<int>* live) : live_(live) { ++*live_; }
  Noted(Noted&& other) noexcept : live_(std::exchange(other.live_, nullptr)) {}
  Noted& operator=(Noted&&) = delete;
  ~Noted() {
    if (live_ != nullptr) --*live_;
  }

 private:
  std::atomic<int>* live_;
};

TEST_CASE("values come out of a channel in order and once, and then nothing") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  for (const std::size_t size : {1U, 2U, 1000U}) {
    Channel<int> channel(size);
    worker.start(&count_to, std::move(channel.sender), 2000);
    int expected = 0;
    auto all = [&]() -> Task<void> {
      while (std::optional<int> number = co_await channel.receiver.receive()) {
        CHECK(*number == ++expected);
      }
      CHECK(!co_await channel.receiver.receive());
    };
    run(*reactor, all());
    CHECK(expected == 2000);
  }
}

TEST_CASE("several senders share a channel, each in its own order") {
  COIL_CONTRACT(reactor);
  ReactorGroup workers(group_options(3));
  Channel<std::pair<std::size_t, int>> channel(4);
  auto body = [](Reactor&, std::size_t index,
                 std::shared_ptr<ChannelSender<std::pair<std::size_t, int>>> out) -> Task<void> {
    const auto mine = std::make_shared<ChannelSender<std::pair<std::size_t, int>>>(out->another());
    out.reset();
    for (int number = 0; number < 500; ++number) {
      std::pair<std::size_t, int> value(index, number);
      co_await mine->send(value);
    }
  };
  workers.start(body, std::make_shared<ChannelSender<std::pair<std::size_t, int>>>(
                          std::move(channel.sender)));
  int next[3] = {};
  int total = 0;
  auto all = [&]() -> Task<void> {
    while (auto value = co_await channel.receiver.receive()) {
      CHECK(value->second == next[value->first]++);
      ++total;
    }
  };
  run(*reactor, all());
  CHECK(total == 1500);
}

TEST_CASE("a full channel makes its sender wait, and try_send says no") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  Channel<int> channel(2);
  std::atomic<int> sent{0};
  auto body = [&sent](Reactor&, ChannelSender<int> out) -> Task<void> {
    for (int number = 1; number <= 5; ++number) {
      co_await out.send(number);
      sent = number;
    }
  };
  worker.start(body, std::move(channel.sender));
  auto all = [&]() -> Task<void> {
    while (sent != 2) co_await round_trip(worker);
    for (int more = 0; more < 10; ++more) co_await round_trip(worker);
    CHECK(sent == 2);
    CHECK(channel.receiver.try_receive() == 1);
    while (sent != 3) co_await round_trip(worker);
    for (int expected = 2; expected <= 5; ++expected) {
      CHECK(co_await channel.receiver.receive() == expected);
    }
    CHECK(!co_await channel.receiver.receive());
  };
  run(*reactor, all());

  Channel<std::unique_ptr<int>> small(1);
  auto value = std::make_unique<int>(1);
  CHECK(small.sender.try_send(std::move(value)));
  value = std::make_unique<int>(2);
  CHECK(!small.sender.try_send(std::move(value)));
  REQUIRE(value != nullptr);
  CHECK(*value == 2);
  CHECK(**small.receiver.try_receive() == 1);
  CHECK(!small.receiver.try_receive());
}

TEST_CASE("a thread without a reactor may try to send, and wakes who waits") {
  COIL_CONTRACT(reactor);
  Channel<int> channel(1);
  std::thread other;
  int got = 0;
  auto all = [&]() -> Task<void> {
    other = std::thread([sender = std::move(channel.sender)]() mutable {
      for (int number = 1; number <= 100; ++number) {
        while (!sender.try_send(std::move(number))) std::this_thread::yield();
      }
    });
    while (std::optional<int> number = co_await channel.receiver.receive()) {
      CHECK(*number == ++got);
    }
  };
  run(*reactor, all());
  other.join();
  CHECK(got == 100);
}

TEST_CASE("a cancelled receive takes nothing, and a cancelled send gives nothing") {
  COIL_CONTRACT(reactor);
  Channel<int> channel(1);
  auto all = [&]() -> Task<void> {
    auto receives = with_timeout(std::chrono::milliseconds(1), channel.receiver.receive());
    CHECK((co_await as_result(std::move(receives))).error().code() == Errc::timed_out);
    co_await channel.sender.send(1);
    auto sends = with_timeout(std::chrono::milliseconds(1), channel.sender.send(2));
    CHECK((co_await as_result(std::move(sends))).error().code() == Errc::timed_out);
    co_await channel.receiver.receive();
    co_await channel.sender.send(3);
    CHECK(co_await channel.receiver.receive() == 3);
  };
  run(*reactor, all());
}

TEST_CASE("what came to something before it was cancelled is not undone") {
  COIL_CONTRACT(reactor);
  Channel<int> channel(1);
  std::optional<int> got;
  bool sent = false;
  auto receives = [&]() -> Task<void> { got = co_await channel.receiver.receive(); };
  auto sends = [&]() -> Task<void> {
    co_await channel.sender.send(3);
    sent = true;
  };
  auto all = [&]() -> Task<void> {
    // The other side comes first, the cancellation second, and then only the loop.
    auto received = [&](TaskGroup& children) -> Task<void> {
      children.spawn(receives);
      co_await yield();
      CHECK(channel.sender.try_send(1));
      children.cancel();
    };
    co_await with_task_group(received);
    CHECK(got == 1);
    CHECK(channel.sender.try_send(2));
    auto taken = [&](TaskGroup& children) -> Task<void> {
      children.spawn(sends);
      co_await yield();
      CHECK(channel.receiver.try_receive() == 2);
      children.cancel();
    };
    co_await with_task_group(taken);
    CHECK(sent);
    CHECK(channel.receiver.try_receive() == 3);
  };
  run(*reactor, all());
}

TEST_CASE("a cancellation and a value that race lose nothing, whoever wins") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  Channel<int> channel(1);
  constexpr int last = 300;
  worker.start(&count_to, std::move(channel.sender), last);
  int expected = 0;
  int cancelled = 0;
  auto all = [&]() -> Task<void> {
    for (;;) {
      std::optional<int> number;
      auto receives = [&]() -> Task<void> { number = co_await channel.receiver.receive(); };
      auto group = [&](TaskGroup& children) -> Task<void> {
        children.spawn(receives);
        co_await yield();
        children.cancel();
      };
      bool gave_up = false;
      try {
        co_await with_task_group(group);
      } catch (const Cancelled&) {
        gave_up = true;
      }
      if (number) {
        CHECK(*number == ++expected);
      } else if (!gave_up && expected == last) {
        co_return;
      } else {
        ++cancelled;
        // A round that nobody cancels ends it.
        if (expected == last) {
          CHECK(!co_await channel.receiver.receive());
          co_return;
        }
      }
    }
  };
  run(*reactor, all());
  CHECK(expected == last);
  MESSAGE("cancelled first: " << cancelled);
}

TEST_CASE("a channel whose receiver goes refuses its senders, and drops what is inside") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  std::atomic<int> live{0};
  Channel<Noted> channel(1);
  std::atomic<bool> refused{false};
  auto body = [&](Reactor&, ChannelSender<Noted> out) -> Task<void> {
    co_await out.send(Noted(&live));
    const Result<> second = co_await as_result(out.send(Noted(&live)));
    CHECK(second.error().code() == Errc::handle_closed);
    CHECK(!out.is_open());
    CHECK(!out.try_send(Noted(&live)));
    refused = true;
  };
  worker.start(body, std::move(channel.sender));
  auto all = [&]() -> Task<void> {
    while (live != 2) co_await round_trip(worker);
    channel.receiver = ChannelReceiver<Noted>();
    while (!refused) co_await round_trip(worker);
  };
  run(*reactor, all());
  worker.stop();
  worker.join();
  CHECK(live == 0);
}

TEST_CASE("closing an end fails the awaits on it, and leaves the other what it may have") {
  COIL_CONTRACT(reactor);
  auto all = [&]() -> Task<void> {
    Channel<int> channel(1);
    ChannelSender<int> second = channel.sender.another();
    co_await channel.sender.send(1);
    auto sends = [&]() -> Task<void> {
      const Result<> sent = co_await as_result(channel.sender.send(2));
      CHECK(sent.error().code() == Errc::handle_closed);
    };
    auto closes = [&]() -> Task<void> {
      co_await yield();
      channel.sender.close();
    };
    co_await when_all(sends(), closes());
    CHECK((co_await as_result(channel.sender.send(3))).error().code() == Errc::handle_closed);
    CHECK(second.is_open());
    CHECK(co_await channel.receiver.receive() == 1);
    co_await second.send(4);
    second.close();
    CHECK(co_await channel.receiver.receive() == 4);
    CHECK(!co_await channel.receiver.receive());

    Channel<int> other(1);
    auto receives = [&]() -> Task<void> {
      const auto got = co_await as_result(other.receiver.receive());
      CHECK(got.error().code() == Errc::handle_closed);
    };
    auto closes_too = [&]() -> Task<void> {
      co_await yield();
      other.receiver.close();
    };
    co_await when_all(receives(), closes_too());
  };
  run(*reactor, all());
}

TEST_CASE("after the last sender was closed there is no other, and the end stays the end") {
  COIL_CONTRACT(reactor);
  auto all = [&]() -> Task<void> {
    Channel<int> channel(1);
    channel.sender.close();
    CHECK(!co_await channel.receiver.receive());
    ChannelSender<int> late = channel.sender.another();
    CHECK(!late.is_open());
    CHECK(!late.try_send(1));
    CHECK((co_await as_result(late.send(1))).error().code() == Errc::handle_closed);
    CHECK(!co_await channel.receiver.receive());
  };
  run(*reactor, all());
}

TEST_CASE("an end that goes while it is awaited fails the await, also one that is cancelled then") {
  COIL_CONTRACT(reactor);
  auto all = [&]() -> Task<void> {
    Channel<int> channel(1);
    co_await channel.sender.send(1);
    Channel<int> other(1);
    auto sends = [&]() -> Task<void> {
      const Result<> sent = co_await as_result(channel.sender.send(2));
      CHECK(sent.error().code() == Errc::handle_closed);
    };
    auto receives = [&]() -> Task<void> {
      const auto got = co_await as_result(other.receiver.receive());
      CHECK(got.error().code() == Errc::handle_closed);
    };
    auto group = [&](TaskGroup& children) -> Task<void> {
      children.spawn(sends);
      children.spawn(receives);
      co_await yield();
      channel.sender = ChannelSender<int>();
      other.receiver = ChannelReceiver<int>();
      children.cancel();
    };
    co_await with_task_group(group);
  };
  run(*reactor, all());
}

TEST_CASE("the end of a reactor closes its ends of channels, held by whomever they are") {
  COIL_CONTRACT(reactor);
  Channel<int> there(1);
  Channel<int> back(1);
  ReactorThread worker(worker_options());
  // The ends stay here: only their use over there tells whose they are.
  auto body = [&](Reactor&) -> Task<void> {
    const std::optional<int> got = co_await there.receiver.receive();
    CHECK(got == 1);
    co_await back.sender.send(2);
  };
  worker.start(body);
  auto all = [&]() -> Task<void> {
    co_await there.sender.send(1);
    CHECK(co_await back.receiver.receive() == 2);
    auto waits = [&]() -> Task<void> { CHECK(!co_await back.receiver.receive()); };
    auto stops = [&]() -> Task<void> {
      co_await round_trip(worker);
      worker.stop();
    };
    co_await when_all(waits(), stops());
    co_await worker.wait();
    CHECK(!there.sender.is_open());
    CHECK((co_await as_result(there.sender.send(2))).error().code() == Errc::handle_closed);
  };
  run(*reactor, all());
}

TEST_CASE("a receiver and its senders may end in any order, at any moment") {
  COIL_CONTRACT(reactor);
  for (int round = 0; round < 30; ++round) {
    ReactorThread one(worker_options("one"));
    ReactorThread two(worker_options("two"));
    Channel<int> channel(1 + static_cast<std::size_t>(round % 3));
    auto sends = [](Reactor&, ChannelSender<int> out) -> Task<void> {
      for (int number = 0;; ++number) {
        if (!co_await as_result(out.send(number))) co_return;
      }
    };
    auto receives = [](Reactor&, ChannelReceiver<int> in) -> Task<void> {
      int expected = 0;
      while (std::optional<int> number = co_await in.receive()) CHECK(*number == expected++);
    };
    one.start(sends, std::move(channel.sender));
    two.start(receives, std::move(channel.receiver));
    if (round % 2 == 0) one.stop();
    two.stop();
    one.stop();
    one.join();
    two.join();
  }
}

}  // namespace
