// Covers: descriptors.h: the program's own descriptors.
#include "support/contract.h"

#include <algorithm>

#include "support/foreign_pipe.h"
#include "support/foreign_socket.h"

using namespace coil;
using coil::testing::ForeignSocket;
using coil::testing::WatchedPipe;

namespace {

class Reader : public ReadDescriptor {
 public:
  Reader(WatchedPipe& pipe, std::function<void()> then) : pipe_(pipe), then_(std::move(then)) {}
  NativeHandle fileno() const override { return gone ? NativeHandle() : pipe_.reading(); }
  std::optional<Failure> doRead() override {
    char byte = 0;
    const auto size = pipe_.get(byte);
    if (size == 0) return Failure(ConnectionDone(make_error_code(Errc::connection_done)));
    if (size == 1) text += byte;
    then_();
    return std::nullopt;
  }
  void connectionLost(const Failure& reason) override {
    ++losses;
    why = reason;
  }
  std::string text;
  int losses = 0;
  bool gone = false;
  Failure why;

 private:
  WatchedPipe& pipe_;
  std::function<void()> then_;
};

template <class Done>
void turn_until(Reactor& reactor, Done done) {
  for (int turns = 0; turns < 1000 && !done(); ++turns) {
    reactor.iterate(std::chrono::milliseconds(1));
  }
  CHECK(done());
}

TEST_CASE("a reader is called while there is data, and not after it was removed") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  WatchedPipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] {});
  reactor->addReader(reader);
  reactor->addReader(reader);
  CHECK(reactor->getReaders().size() == 1);
  pipe.put('a');
  pipe.put('b');
  turn_until(*reactor, [&] { return reader->text == "ab"; });
  reactor->removeReader(*reader);
  reactor->removeReader(*reader);
  CHECK(reactor->getReaders().empty());
  pipe.put('c');
  for (int turns = 0; turns < 5; ++turns) reactor->iterate();
  CHECK(reader->text == "ab");
  CHECK(reader->losses == 0);
}

TEST_CASE("a reader that removes itself in doRead is not called again") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  WatchedPipe pipe;
  std::shared_ptr<Reader> reader;
  reader = std::make_shared<Reader>(pipe, [&] { reactor->removeReader(*reader); });
  reactor->addReader(reader);
  pipe.put('a');
  pipe.put('b');
  turn_until(*reactor, [&] { return reader->text == "a"; });
  for (int turns = 0; turns < 5; ++turns) reactor->iterate();
  CHECK(reader->text == "a");
}

TEST_CASE("readable data comes before the end, and the end is told once") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  WatchedPipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] {});
  reactor->addReader(reader);
  pipe.put('x');
  pipe.put('y');
  pipe.close_end(1);
  turn_until(*reactor, [&] { return reader->losses != 0; });
  CHECK(reader->text == "xy");
  CHECK(reader->losses == 1);
  CHECK(reader->why.check<ConnectionDone>());
  CHECK(reactor->getReaders().empty());
}

TEST_CASE("an exception in doRead is logged and loses the descriptor with it as the reason") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  WatchedPipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] { throw std::runtime_error("bad reader"); });
  reactor->addReader(reader);
  pipe.put('a');
  turn_until(*reactor, [&] { return reader->losses != 0; });
  CHECK(reader->why.getErrorMessage() == "bad reader");
  CHECK(reactor.log.size() == 1);
}

TEST_CASE("a descriptor that went away is dropped with connectionLost") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  WatchedPipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] {});
  reactor->addReader(reader);
  pipe.put('a');
  reader->gone = true;
  turn_until(*reactor, [&] { return reader->losses != 0; });
  CHECK(reader->losses == 1);
  CHECK(reader->text.empty());
}

TEST_CASE("at shutdown every descriptor is told, also when an earlier one throws") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  class Thrower : public Reader {
   public:
    using Reader::Reader;
    void connectionLost(const Failure&) override { throw std::runtime_error("not now"); }
  };
  WatchedPipe first;
  WatchedPipe second;
  reactor->addReader(std::make_shared<Thrower>(first, [] {}));
  auto reader = std::make_shared<Reader>(second, [] {});
  reactor->addReader(reader);
  reactor->callLater(std::chrono::milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reader->losses == 1);
  CHECK(reader->why.check<ConnectionLost>());
}

// The other end of a pipe, or a socket, for one who both reads and writes.
class Both : public ReadDescriptor, public WriteDescriptor {
 public:
  explicit Both(WatchedPipe& pipe) : handle_(pipe.writing()) {}
  explicit Both(NativeHandle socket) : handle_(socket) {}
  NativeHandle fileno() const override { return handle_; }
  std::optional<Failure> doRead() override { return Failure(std::runtime_error("cannot read")); }
  std::optional<Failure> doWrite() override {
    ++writes;
    return std::nullopt;
  }
  void connectionLost(const Failure&) override { ++losses; }
  int writes = 0;
  int losses = 0;

 private:
  NativeHandle handle_;
};

TEST_CASE("an object that is lost leaves the descriptor to the other one, until that is lost too") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  const auto [here, there] = ForeignSocket::connected();
  auto reader = std::make_shared<Both>(here.handle());
  auto writer = std::make_shared<Both>(here.handle());
  reactor->addReader(reader);
  reactor->addWriter(writer);
  REQUIRE(there.send("x") == 1);
  turn_until(*reactor, [&] { return reader->losses != 0; });
  CHECK(writer->losses == 0);
  const int before = writer->writes;
  turn_until(*reactor, [&] { return writer->writes > before; });
  CHECK(reactor->getReaders().empty());
  reactor->addReader(reader);  // Both at once …
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK(reader->losses == 2);  // … are told of the end.
  CHECK(writer->losses == 1);
}

TEST_CASE("removeAll removes every descriptor and leaves the wake-up of threads working") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  WatchedPipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] {});
  reactor->addReader(reader);
  auto both = std::make_shared<Both>(pipe);
  reactor->addWriter(both);
  WatchedPipe other;
  auto elsewhere = std::make_shared<Reader>(other, [] {});
  reactor->addReader(elsewhere);
  const auto removed = reactor->removeAll();
  CHECK(removed.size() == 3);
  CHECK(std::count(removed.begin(), removed.end(), std::shared_ptr<FileDescriptor>(both)) == 1);
  CHECK(reactor->getReaders().empty());
  CHECK(reactor->getWriters().empty());
  reactor->callFromThread([&] { reactor->stop(); });
  reactor->run();
  CHECK(reader->losses == 0);
}

}  // namespace
