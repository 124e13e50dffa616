// Covers: testing/memory_connection.h, testing/accumulating_protocol.h: what is delivered when.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/memory_connection.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace coil;
using namespace coil::testing;

namespace {

class Listener : public AccumulatingProtocol {
 public:
  void connectionMade() override {
    AccumulatingProtocol::connectionMade();
    if (on_made) on_made();
  }
  void dataReceived(ConstBytes bytes) override {
    sizes.push_back(bytes.size());
    AccumulatingProtocol::dataReceived(bytes);
    if (on_data) on_data();
  }
  std::vector<std::size_t> sizes;
  std::function<void()> on_made;
  std::function<void()> on_data;
};

class HalfListener : public Listener, public HalfCloseableProtocol {
 public:
  void readConnectionLost() override { heard += "read "; }
  void writeConnectionLost() override { heard += "write "; }
  std::string heard;
};

// Two listeners and what connects them.
template <class P>
class Two {
 public:
  Two() {}
  std::shared_ptr<P> client = std::make_shared<P>();
  std::shared_ptr<P> server = std::make_shared<P>();
  MemoryConnection connection{client, server};
};

class Counter : public Producer {
 public:
  explicit Counter(Transport& to) : to_(to) {}
  void resumeProducing() override {
    ++resumed;
    if (left-- > 0) to_.write("piece ");
  }
  void pauseProducing() override { ++paused; }
  void stopProducing() override { ++stopped; }
  int left = 3;
  int resumed = 0;
  int paused = 0;
  int stopped = 0;

 private:
  Transport& to_;
};

TEST_CASE("both protocols are connected at once, the server first, and see each other's address") {
  auto client = std::make_shared<Listener>();
  auto server = std::make_shared<Listener>();
  client->on_made = [&] { CHECK(server->made); };
  server->on_made = [&] { CHECK_FALSE(client->made); };
  MemoryConnection connection(client, server);
  CHECK(client->made);
  CHECK(connection.open());
  CHECK(client->line().getPeer() == server->line().getHost());
  CHECK(client->line().getHost() == server->line().getPeer());
  CHECK(&client->line() == &connection.client_transport());
  CHECK_FALSE(connection.pump());
}

TEST_CASE("a step delivers what had been written when it began, and no answer to it") {
  Two<Listener> two;
  two.server->on_data = [&] { two.server->line().write("answer"); };
  two.client->line().write("one ");
  two.client->line().write("two");
  CHECK(two.server->data.empty());
  CHECK(two.connection.pump());
  CHECK(two.server->data == "one two");
  CHECK(two.client->data.empty());
  CHECK(two.connection.pump());
  CHECK(two.client->data == "answer");
  CHECK(two.client->sizes.size() == 1);
  CHECK_FALSE(two.connection.pump());
}

TEST_CASE("pieces are no larger than was asked for, and lose nothing") {
  Two<Listener> two;
  two.connection.set_piece_max(3);
  two.client->line().write("12345678");
  two.connection.flush();
  CHECK(two.server->data == "12345678");
  CHECK(two.server->sizes == std::vector<std::size_t>{3, 3, 2});
}

TEST_CASE("a close delivers what was written before it, and drops what comes after") {
  Two<Listener> two;
  two.connection.set_piece_max(4);
  two.client->line().write("last words");
  CHECK_FALSE(two.client->line().disconnecting());
  two.client->line().loseConnection();
  CHECK(two.client->line().disconnecting());
  two.client->line().write("too late");
  two.server->line().write("nobody listens");
  CHECK_FALSE(two.client->closed);
  two.connection.flush();
  CHECK(two.server->data == "last words");
  CHECK(two.client->data.empty());
  CHECK(two.client->closed_reason.check<ConnectionDone>());
  CHECK(two.server->closed_reason.check<ConnectionDone>());
  CHECK_FALSE(two.connection.open());
}

TEST_CASE("an abort drops what was written, and resets the other side") {
  Two<Listener> two;
  two.client->line().write("never sent");
  two.client->line().abortConnection();
  CHECK_FALSE(two.client->closed);
  two.connection.flush();
  CHECK(two.server->data.empty());
  CHECK(two.client->closed_reason.check<ConnectionAborted>());
  CHECK(two.server->closed_reason.check<ConnectionLost>());
  CHECK_FALSE(two.server->closed_reason.check<ConnectionAborted>());
}

TEST_CASE("a protocol that pauses is given nothing until it resumes") {
  Two<Listener> two;
  two.connection.set_piece_max(1);
  two.server->on_data = [&] { two.server->line().pauseProducing(); };
  two.client->line().write("abc");
  two.client->line().loseConnection();
  for (const char* expected : {"a", "ab", "abc"}) {
    two.connection.flush();
    CHECK(two.server->data == expected);
    two.server->line().resumeProducing();
  }
  CHECK(two.connection.open());
  two.connection.flush();
  CHECK_FALSE(two.connection.open());
}

TEST_CASE("a half close ends one direction only") {
  Two<HalfListener> two;
  two.client->line().write("all I have to say");
  two.client->line().loseWriteConnection();
  two.client->line().write("too late");
  two.connection.flush();
  CHECK(two.server->data == "all I have to say");
  CHECK(two.client->heard == "write ");
  CHECK(two.server->heard == "read ");
  two.server->line().write("go on");
  two.server->line().loseConnection();
  two.connection.flush();
  CHECK(two.client->data == "go on");
  CHECK(two.client->heard == "write read ");
  CHECK(two.server->closed);
  CHECK_FALSE(two.client->closed);
}

TEST_CASE("without half close the end of the peer is the end") {
  Two<Listener> two;
  two.client->line().loseWriteConnection();
  two.server->line().write("on its way");
  two.connection.flush();
  CHECK(two.client->data == "on its way");
  CHECK(two.server->closed_reason.check<ConnectionDone>());
  CHECK(two.client->closed_reason.check<ConnectionDone>());
}

TEST_CASE("water marks pause a streaming producer and the reading, until little waits") {
  Two<Listener> two;
  Transport& line = two.server->line();
  line.set_water_marks(WaterMarks().set_high(9).set_low(4));
  Counter counter(line);
  line.registerProducer(counter, true);
  CHECK(counter.resumed == 0);
  two.client->line().pauseProducing();
  line.write("0123456789");
  CHECK(counter.paused == 1);
  CHECK(line.pauses().size() == 2);
  two.client->line().write("held back");
  two.connection.flush();
  CHECK(two.server->data.empty());
  two.connection.set_piece_max(5);
  two.client->line().resumeProducing();
  two.connection.pump();
  CHECK(counter.resumed == 0);
  two.connection.pump();
  CHECK(counter.resumed == 1);
  two.connection.flush();
  CHECK(two.server->data == "held back");
  CHECK(line.pauses().empty());
}

TEST_CASE("a producer of pieces is asked for each one, and a close waits for the last") {
  Two<Listener> two;
  Counter counter(two.server->line());
  two.server->line().registerProducer(counter, false);
  CHECK(counter.resumed == 1);
  two.server->line().loseConnection();
  two.connection.flush();
  CHECK(two.client->data == "piece piece piece ");
  CHECK(counter.resumed == 4);
  CHECK(two.connection.open());
  two.server->line().unregisterProducer();
  two.connection.flush();
  CHECK_FALSE(two.connection.open());
  CHECK(counter.stopped == 0);
}

TEST_CASE("a producer is stopped when its connection ends, and when it comes too late") {
  Two<Listener> two;
  Counter counter(two.server->line());
  two.server->line().registerProducer(counter, true);
  two.client->line().abortConnection();
  two.connection.flush();
  CHECK(counter.stopped == 1);
  Counter late(two.connection.server_transport());
  two.connection.server_transport().registerProducer(late, true);
  CHECK(late.stopped == 1);
}

TEST_CASE("the end of the peer stops a producer that streams") {
  Two<Listener> two;
  Counter counter(two.server->line());
  two.server->line().registerProducer(counter, true);
  two.client->line().loseConnection();
  two.connection.flush();
  CHECK(counter.stopped == 1);
  CHECK_FALSE(two.connection.open());
}

TEST_CASE("more output than the cap ends the connection") {
  Two<Listener> two;
  two.client->line().set_water_marks(WaterMarks().set_cap(5));
  two.client->line().write("123456");
  two.client->line().write("7");
  two.connection.flush();
  CHECK(two.client->closed_reason.check<BufferLimit>());
  CHECK(two.server->closed_reason.check<ConnectionLost>());
}

TEST_CASE("what a callback throws is the reason of the end") {
  Two<Listener> two;
  two.server->on_data = [&] { throw std::runtime_error("bad words"); };
  two.client->line().write("x");
  two.connection.flush();
  CHECK(two.server->closed_reason.getErrorMessage() == "bad words");
  CHECK(two.client->closed_reason.check<ConnectionDone>());
}

TEST_CASE("a connection that is destroyed is lost to protocols that have it still") {
  auto client = std::make_shared<Listener>();
  {
    MemoryConnection connection(client, std::make_shared<Listener>());
    CHECK_FALSE(client->closed);
  }
  CHECK(client->closed_reason.check<ConnectionLost>());
}

TEST_CASE("what one side does to the other in its callback holds at once") {
  Two<Listener> two;
  two.server->on_data = [&] { two.client->line().pauseProducing(); };
  two.server->line().write("to the client");
  two.client->line().write("to the server");
  two.connection.flush();
  CHECK(two.client->data.empty());
  two.client->line().resumeProducing();
  two.connection.flush();
  CHECK(two.client->data == "to the client");

  two.server->on_data = [&] { two.client->line().loseConnection(); };
  two.server->line().write(", too late");
  two.client->line().write("again");
  two.connection.flush();
  CHECK(two.client->data == "to the client");
}

}  // namespace
