// Covers: reactor.h (send_outgoing, submit_queued), outgoing.h, stream_output.cpp: what callbacks
// write goes out together, in its order, whole, whatever the kernel takes of it.
#include <algorithm>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

constexpr std::size_t piece_size = 3000;  // Less than what is sent from where it lies.

std::string piece(std::size_t number) {
  return std::string(piece_size, static_cast<char>('a' + number % 26));
}

bool is_made_of_pieces(const std::string& text, std::size_t first, std::size_t end) {
  if (text.size() != (end - first) * piece_size) return false;
  for (std::size_t each = first; each < end; ++each) {
    if (text.compare((each - first) * piece_size, piece_size, piece(each)) != 0) return false;
  }
  return true;
}

Task<void> until_served(const ProbeFactory& factory, std::size_t count = 1) {
  while (factory.probes.size() < count || factory.seen.back() != "made") co_await yield();
}

// Answers every byte with a piece; the peer asks for one after the other and does not read, until
// the kernel takes no more, and the protocol is held back.
class Glut {
 public:
  Glut() {
    factory->prepare = [this](Probe& probe) {
      probe.on_data = [this, &probe](Transport& line) {
        asked -= probe.received.size();
        for (; !probe.received.empty(); probe.received.pop_back()) {
          line.write(piece(written++));
          if (after_write) after_write(line);
        }
      };
    };
  }

  Task<void> fill(TcpStream& client) {
    co_await until_served(*factory);
    for (bool full = false; !full;) {
      ++asked;
      co_await write_all(client, "?");
      while (asked != 0) co_await yield();
      // Whoever was told late that not all went out knows by the next turn.
      co_await sleep(Duration::zero());
      full = factory->probes[0]->line().buffered_bytes() > 0;
    }
  }

  std::shared_ptr<ProbeFactory> factory = std::make_shared<ProbeFactory>();
  std::function<void(Transport&)> after_write;
  std::size_t asked = 0;
  std::size_t written = 0;
};

TEST_CASE("small writes arrive whole and in order though the kernel takes but a part of one") {
  COIL_CONTRACT(reactor);
  Glut glut;
  with_port(*reactor, glut.factory, [&](TcpStream& client) -> Task<void> {
    for (int round = 0; round < 2; ++round) {
      const std::size_t before = glut.written;
      co_await glut.fill(client);
      std::string text((glut.written - before) * piece_size, '.');
      co_await read_exactly(client, text);
      CHECK(is_made_of_pieces(text, before, glut.written));
    }
  });
}

// The task is resumed in the same turn, before the kernel was asked to take what was written.
// It writes so little that the kernel nearly always runs full within what the callback wrote.
TEST_CASE("what a task writes behind a callback comes behind it, whatever the kernel takes") {
  COIL_CONTRACT(reactor);
  Glut glut;
  Event wrote;
  bool over = false;
  glut.after_write = [&](Transport&) { wrote.set(); };
  auto write_behind = [&]() -> Task<void> {
    for (;;) {
      co_await wrote.wait();
      if (over) co_return;
      wrote.clear();
      glut.factory->probes[0]->line().write("!");
    }
  };
  with_port(*reactor, glut.factory, [&](TcpStream& client) -> Task<void> {
    Deferred<void> writer = Deferred<void>::fromCoroutine(*reactor, write_behind());
    for (int round = 0; round < 3; ++round) {
      const std::size_t before = glut.written;
      co_await glut.fill(client);
      std::string expected;
      for (std::size_t each = before; each < glut.written; ++each) {
        expected += piece(each);
        expected += '!';
      }
      std::string text(expected.size(), '.');
      co_await read_exactly(client, text);
      CHECK((text == expected));
    }
    over = true;
    wrote.set();
    co_await writer;
  });
}

TEST_CASE(
    "what a callback writes once the writing strand is to run comes behind what it wrote before") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_data = [](Transport& line) {
      line.write("a");
      line.set_water_marks(WaterMarks().set_high(0).set_low(0));
      line.write("b");
      line.loseConnection();
      line.write("never");
    };
  };
  with_port(*reactor, factory, [](TcpStream& client) -> Task<void> {
    co_await write_all(client, "?");
    CHECK(co_await read_to_end(client) == "ab");
  });
}

TEST_CASE("a connection that is lost right after a write delivers what nobody has taken yet") {
  COIL_CONTRACT(reactor);
  Glut glut;
  with_port(*reactor, glut.factory, [&](TcpStream& client) -> Task<void> {
    co_await glut.fill(client);
    glut.after_write = [&](Transport& line) { line.loseConnection(); };
    // One more, in the callback that asks for the end, once the protocol reads again.
    co_await write_all(client, "?");
    const std::string text = co_await read_to_end(client);
    CHECK(is_made_of_pieces(text, 0, glut.written));
  });
  CHECK(glut.factory->probes[0]->why.check<ConnectionDone>());
}

TEST_CASE("a half close comes after what was written in the same callback") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_data = [](Transport& line) {
      line.write("one ");
      line.write("two");
      line.loseWriteConnection();
      line.write("never");
    };
  };
  with_port(*reactor, factory, [](TcpStream& client) -> Task<void> {
    co_await write_all(client, "?");
    CHECK(co_await read_to_end(client) == "one two");
  });
}

TEST_CASE("writes of a callback, of a timer and of another callback keep their order") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  std::vector<DelayedCall> calls;
  factory->prepare = [&](Probe& probe) {
    probe.on_data = [&](Transport& line) {
      line.write("a");
      calls.push_back(reactor->callLater(Duration::zero(), [&line] { line.write("b"); }));
      line.write(std::string(5000, 'A'));
      line.write("c");
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    const std::string expected = "a" + std::string(5000, 'A') + "cb";
    for (int round = 0; round < 20; ++round) {
      co_await write_all(client, "?");
      std::string text(expected.size(), '.');
      co_await read_exactly(client, text);
      CHECK(text == expected);
    }
  });
}

TEST_CASE("a callback sees what it wrote as not sent yet, and all of it goes out") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  constexpr std::size_t count = 100;  // More than is gathered at a time.
  factory->prepare = [](Probe& probe) {
    probe.on_data = [](Transport& line) {
      line.write("x");
      CHECK(line.buffered_bytes() == 1);
      line.write("yz");
      CHECK(line.buffered_bytes() == 3);
    };
    probe.on_made = [](Transport& line) {
      for (std::size_t each = 0; each < count; ++each) line.write(piece(each));
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    std::string text(count * piece_size, '.');
    co_await read_exactly(client, text);
    CHECK(is_made_of_pieces(text, 0, count));
    co_await write_all(client, "?");
    std::string three(3, '.');
    co_await read_exactly(client, three);
    CHECK(three == "xyz");
    CHECK(factory->probes[0]->line().buffered_bytes() == 0);
  });
}

TEST_CASE(
    "what a callback wrote before it threw, or before an abort, does not reach another peer") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [&](Probe& probe) {
    const bool first = factory->probes.empty();
    probe.on_data = [first](Transport& line) {
      line.write(first ? "lost" : "found");
      if (first) line.abortConnection();
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await until_served(*factory);
    const Address server = factory->probes[0]->line().getHost();
    TcpStream other = co_await TcpStream::connect(*reactor, server);
    co_await until_served(*factory, 2);
    co_await write_all(client, "?");
    co_await write_all(other, "?");
    std::string text(5, '.');
    co_await read_exactly(other, text);
    CHECK(text == "found");
    other.close();
  });
}

// Together more than the memory that callbacks write to.
TEST_CASE("many connections that are answered in one turn get each their own answer") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  constexpr std::size_t count = 40;
  factory->prepare = [](Probe& probe) {
    probe.on_data = [&probe](Transport& line) {
      const auto number = static_cast<std::size_t>(probe.received.back());
      line.write(piece(number));
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await until_served(*factory);
    const Address server = factory->probes[0]->line().getHost();
    static_cast<void>(client);
    std::vector<TcpStream> clients;
    for (std::size_t each = 0; each < count; ++each) {
      clients.push_back(co_await TcpStream::connect(*reactor, server));
    }
    co_await until_served(*factory, count + 1);
    for (int round = 0; round < 3; ++round) {
      for (std::size_t each = 0; each < count; ++each) {
        const char number = static_cast<char>(each + static_cast<std::size_t>(round));
        co_await write_all(clients[each], std::string(1, number));
      }
      for (std::size_t each = 0; each < count; ++each) {
        std::string text(piece_size, '.');
        co_await read_exactly(clients[each], text);
        CHECK(text == piece(each + static_cast<std::size_t>(round)));
      }
    }
    for (TcpStream& each : clients) each.abort();
  });
}

TEST_CASE("who writes to a peer that has gone hears of it once, as of any lost connection") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [&](Probe& probe) {
    // Each answers to the other one's peer, too.
    probe.on_data = [&](Transport&) {
      for (const auto& each : factory->probes) {
        if (!each->why) each->line().write("answer");
      }
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await until_served(*factory);
    const Address server = factory->probes[0]->line().getHost();
    TcpStream other = co_await TcpStream::connect(*reactor, server);
    co_await until_served(*factory, 2);
    other.abort();
    while (factory->seen.back() != "lost") {
      co_await write_all(client, "?");
      std::string text(6, '.');
      co_await read_exactly(client, text);
    }
  });
  CHECK(std::count(factory->seen.begin(), factory->seen.end(), "lost") == 2);
}

}  // namespace
