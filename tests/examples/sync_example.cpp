// The examples of event.h, mutex.h, semaphore.h, queue.h and gate.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/testing/simulated_reactor.h>
#include <doctest/doctest.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

int answered = 0;
int uploaded = 0;

Task<void> open_door(Event& opened) {
  co_await yield();
  opened.set();
}
Task<void> answer(int request) {
  co_await yield();
  answered = request;
}
Task<void> upload(int file) {
  co_await yield();
  if (file < 0) throw std::invalid_argument("no such file");
  uploaded += file;
}

Task<void> work_inside(Gate& gate, int request) {
  // [gate]
  Gate::Pass pass = gate.enter();  // Throws when the gate is closed.
  co_await answer(request);
  // [/gate]
}

Task<void> write_message(Mutex& mutex, TcpStream& stream, std::string header, std::string body) {
  // [mutex]
  Mutex::Lock lock = co_await mutex.lock();
  co_await write_all(stream, header);
  co_await write_all(stream, body);  // Nobody writes in between.
  // [/mutex]
}

}  // namespace

TEST_CASE("event") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    // [event]
    Event opened;  // Outside the group: its children use it.
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.spawn(&open_door, outlives_group(opened));
      co_await opened.wait();
      // [/event]
      CHECK(opened.is_set());
      // [event]
    };
    co_await with_task_group(body);
    // [/event]
  };
  run(*reactor, all());
}

TEST_CASE("gate") {
  const auto reactor = make_reactor();
  Gate gate;
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(&work_inside, outlives_group(gate), 5);
    co_await yield();
    // [gate]
    co_await gate.close();  // Elsewhere: nobody is inside any more.
    // [/gate]
    CHECK(answered == 5);
  };
  run(*reactor, with_task_group(body));
}

// The simulation takes less than it is given in some writes: the lock must hold over all of them.
TEST_CASE("mutex") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    testing::SimulatedReactor reactor(seed);
    testing::with_pair(reactor, [](testing::Pair& pair) -> Task<void> {
      Mutex mutex;
      co_await when_all(write_message(mutex, pair.here, "1:", "one;"),
                        write_message(mutex, pair.here, "2:", "two;"));
      std::string text(12, '.');
      co_await read_exactly(pair.there, text);
      CHECK(text == "1:one;2:two;");
    });
  }
}

TEST_CASE("semaphore") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    // [semaphore]
    Semaphore slots(4);
    // [/semaphore]
    auto upload_one = [&](int file) -> Task<void> {
      // [semaphore]
      Semaphore::Permit slot = co_await slots.permit();
      co_await upload(file);  // Given back when `slot` goes, also if this throws.
      // [/semaphore]
    };
    co_await when_all(upload_one(1), upload_one(2), upload_one(3));
    CHECK(uploaded == 6);
    CHECK_FALSE(co_await as_result(upload_one(-1)));
    CHECK(slots.available() == 4);
  };
  run(*reactor, all());
}

TEST_CASE("queue") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    // [queue]
    Queue<std::string> lines(16);
    co_await lines.push("hello");
    std::optional<std::string> line = co_await lines.pop();  // Nothing when closed and empty.
    // [/queue]
    CHECK(line == "hello");
  };
  run(*reactor, all());
}
