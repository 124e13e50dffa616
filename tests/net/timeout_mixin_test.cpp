// When a silent connection is closed, and how the limit is changed.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/clock.h>
#include <coil/testing/memory_connection.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

using namespace coil;
using namespace coil::testing;
using std::chrono::seconds;

namespace {

class Limited : public TimeoutMixin<AccumulatingProtocol> {
 public:
  using TimeoutMixin::TimeoutMixin;
  void timeoutConnection() override {
    ++struck;
    if (closes) TimeoutMixin::timeoutConnection();
  }
  int struck = 0;
  bool closes = true;
};

class Line {
 public:
  Line() {}
  Clock clock;
  std::shared_ptr<Limited> limited = std::make_shared<Limited>(clock);
  MemoryConnection connection{std::make_shared<AccumulatingProtocol>(), limited};
};

TEST_CASE("a limit strikes when its time has passed, and closes the connection") {
  Line line;
  CHECK(line.limited->setTimeout(seconds(5)) == std::nullopt);
  line.clock.advance(seconds(4));
  line.connection.flush();
  CHECK(line.connection.open());
  line.clock.advance(seconds(1));
  line.connection.flush();
  CHECK_FALSE(line.connection.open());
  CHECK(line.limited->struck == 1);
  CHECK(line.limited->closed_reason.check<ConnectionDone>());
}

TEST_CASE("a reset begins the time anew") {
  Line line;
  line.limited->setTimeout(seconds(5));
  for (int round = 0; round < 3; ++round) {
    line.clock.advance(seconds(4));
    line.limited->resetTimeout();
  }
  CHECK(line.limited->struck == 0);
  line.clock.advance(seconds(5));
  CHECK(line.limited->struck == 1);
}

TEST_CASE("setting a limit gives the one before and counts anew; none cancels it") {
  Line line;
  line.limited->setTimeout(seconds(5));
  line.clock.advance(seconds(4));
  CHECK(line.limited->setTimeout(seconds(3)) == Duration(seconds(5)));
  line.clock.advance(seconds(2));
  CHECK(line.limited->struck == 0);
  CHECK(line.limited->setTimeout(std::nullopt) == Duration(seconds(3)));
  CHECK(line.clock.getDelayedCalls().empty());
  line.limited->resetTimeout();
  line.clock.advance(seconds(100));
  CHECK(line.limited->struck == 0);
  CHECK(line.limited->setTimeout(seconds(1)) == std::nullopt);
  line.clock.advance(seconds(1));
  CHECK(line.limited->struck == 1);
}

TEST_CASE("a limit that has struck waits to be set again") {
  Line line;
  line.limited->closes = false;
  line.limited->setTimeout(seconds(1));
  line.clock.advance(seconds(1));
  line.limited->resetTimeout();
  line.clock.advance(seconds(100));
  CHECK(line.limited->struck == 1);
  CHECK(line.limited->setTimeout(seconds(2)) == Duration(seconds(1)));
  line.clock.advance(seconds(2));
  CHECK(line.limited->struck == 2);
  CHECK(line.limited->setTimeout(std::nullopt) == Duration(seconds(2)));
}

TEST_CASE("a call that somebody else cancelled disturbs nothing") {
  Line line;
  line.limited->setTimeout(seconds(1));
  line.clock.getDelayedCalls().at(0).cancel();
  line.limited->resetTimeout();
  CHECK(line.limited->setTimeout(seconds(2)) == Duration(seconds(1)));
  line.clock.advance(seconds(2));
  CHECK(line.limited->struck == 1);
}

TEST_CASE("a negative time is refused and changes nothing") {
  Line line;
  line.limited->setTimeout(seconds(1));
  CHECK_THROWS_AS(line.limited->setTimeout(seconds(-1)), std::invalid_argument);
  line.clock.advance(seconds(1));
  CHECK(line.limited->struck == 1);
}

TEST_CASE("a limit does not strike a protocol without a connection, nor one that is gone") {
  Clock clock;
  auto limited = std::make_shared<Limited>(clock);
  limited->setTimeout(seconds(1));
  clock.advance(seconds(1));
  CHECK(limited->struck == 0);
  {
    MemoryConnection connection(std::make_shared<AccumulatingProtocol>(), limited);
    limited->setTimeout(seconds(1));
  }
  clock.advance(seconds(1));
  CHECK(limited->struck == 0);
  limited->setTimeout(seconds(1));
  limited.reset();
  CHECK(clock.getDelayedCalls().empty());
}

// A connection through a TimeoutFactory of ten seconds.
class Idle {
 public:
  Idle() {}
  Clock clock;
  std::shared_ptr<TimeoutFactory> factory = std::make_shared<TimeoutFactory>(
      clock, Factory::forProtocol<AccumulatingProtocol>(), seconds(10));
  std::shared_ptr<TimeoutProtocol> wrapper =
      std::dynamic_pointer_cast<TimeoutProtocol>(factory->buildProtocol(Address::loopback(1)));
  std::shared_ptr<AccumulatingProtocol> client = std::make_shared<AccumulatingProtocol>();
  MemoryConnection connection{client, wrapper};
};

TEST_CASE("an idle connection is closed, and reads and writes keep it open") {
  Idle idle;
  auto inner = std::dynamic_pointer_cast<AccumulatingProtocol>(idle.wrapper->wrapped());
  auto after_nine_seconds = [&] {
    idle.connection.flush();
    idle.clock.advance(seconds(9));
    idle.connection.flush();
    return idle.connection.open();
  };
  CHECK(after_nine_seconds());
  idle.client->line().write("a read");
  CHECK(after_nine_seconds());
  inner->line().write("a write");
  CHECK(after_nine_seconds());
  const std::array<ConstBytes, 2> pieces = {"some ", "writes"};
  inner->line().writeSequence(pieces);
  CHECK(after_nine_seconds());
  CHECK(idle.client->data == "a writesome writes");
  CHECK_FALSE(after_nine_seconds());
  CHECK(inner->closed_reason.check<ConnectionDone>());
  CHECK(idle.clock.getDelayedCalls().empty());
}

TEST_CASE("a connection that ends takes its idle limit with it") {
  Idle idle;
  CHECK(idle.clock.getDelayedCalls().size() == 1);
  idle.client->line().abortConnection();
  idle.connection.flush();
  CHECK(idle.clock.getDelayedCalls().empty());
}

TEST_CASE("the idle limit of one connection can be changed") {
  Idle idle;
  CHECK(idle.wrapper->setTimeout(seconds(100)) == Duration(seconds(10)));
  idle.clock.advance(seconds(99));
  idle.connection.flush();
  CHECK(idle.connection.open());
  idle.clock.advance(seconds(1));
  idle.connection.flush();
  CHECK_FALSE(idle.connection.open());
}

}  // namespace
