// Covers: select_poller.cpp: bitmaps of their own length, and a call that fails as a whole.
#include "watched.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

TEST_CASE("descriptors far beyond the capacity of fd_set are read, written and closed") {
  COIL_CONTRACT(reactor);
  for (const int above : {FD_SETSIZE - 1, FD_SETSIZE, FD_SETSIZE + 1, 10 * FD_SETSIZE}) {
    CAPTURE(above);
    SocketPair pair;
    pair.here.move_above(above);
    TcpStream stream(*reactor, pair.here.release());
    std::string text(2, ' ');
    auto read = [&]() -> Task<void> { co_await read_exactly(stream, text); };
    detail::start_root<"reader">(*reactor, read());
    reactor->iterate();
    pair.there.put('h');
    reactor->iterate();
    pair.there.put('i');
    turn_until(*reactor, [&] { return text == "hi"; });
    auto write = [&]() -> Task<void> { co_await write_all(stream, std::string(1 << 20, 'x')); };
    detail::start_root<"writer">(*reactor, write());
    std::array<char, 4096> sink;
    std::size_t got = 0;
    turn_until(*reactor, [&] {
      for (;;) {
        const ssize_t size = ::read(pair.there.number(), sink.data(), sink.size());
        if (size <= 0) return got == 1 << 20;
        got += static_cast<std::size_t>(size);
      }
    });
  }
}

TEST_CASE("after the highest descriptor has gone the others are still served") {
  COIL_CONTRACT(reactor);
  SocketPair low;
  SocketPair high;
  high.here.move_above(5000);
  auto low_reader = std::make_shared<Watched>(low.here.native(), [] {});
  auto high_reader = std::make_shared<Watched>(high.here.native(), [] {});
  reactor->addReader(low_reader);
  reactor->addReader(high_reader);
  reactor->iterate();
  reactor->removeReader(*high_reader);
  reactor->iterate();
  high.there.put('x');
  low.there.put('x');
  turn_until(*reactor, [&] { return low_reader->calls != 0; });
  CHECK(high_reader->calls == 0);
  reactor->addReader(high_reader);
  turn_until(*reactor, [&] { return high_reader->calls != 0; });
  reactor->removeAll();
  reactor->iterate();
}

TEST_CASE("one closed foreign descriptor is lost with that error, and the others go on") {
  COIL_CONTRACT(reactor);
  SocketPair gone;
  SocketPair sound;
  auto lost = std::make_shared<Watched>(gone.here.native(), [] {});
  auto reader = std::make_shared<Watched>(sound.here.native(), [] {});
  reactor->addReader(lost);
  reactor->addReader(reader);
  reactor->iterate();
  gone.here.close();
  turn_until(*reactor, [&] { return lost->losses != 0; });
  CHECK(lost->losses == 1);
  CHECK(lost->calls == 0);
  CHECK(reader->losses == 0);
  CHECK(turns_in(*reactor, milliseconds(20)) < 20);
  sound.there.put('x');
  turn_until(*reactor, [&] { return reader->calls != 0; });
  reactor->removeAll();
  reactor->iterate();
}

TEST_CASE("a bad descriptor and a wake-up at once: both are noticed") {
  COIL_CONTRACT(reactor);
  SocketPair gone;
  auto lost = std::make_shared<Watched>(gone.here.native(), [] {});
  reactor->addReader(lost);
  reactor->iterate();
  gone.here.close();
  bool called = false;
  std::thread([&] { reactor->callFromThread([&] { called = true; }); }).join();
  turn_until(*reactor, [&] { return called && lost->losses == 1; });
  CHECK(turns_in(*reactor, milliseconds(20)) < 20);
}

}  // namespace
