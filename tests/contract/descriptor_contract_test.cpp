// Covers: descriptors.h: the program's own descriptors.
#include "support/contract.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

using namespace coil;

namespace {

bool serves_no_real_descriptor(Reactor& reactor) {
  if (reactor.name() != "simulated") return false;
  coil::testing::note_skip("descriptors", "the simulated reactor serves no real descriptor");
  return true;
}

class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  NativeHandle reading() const { return NativeHandle(ends_[0]); }
  NativeHandle writing() const { return NativeHandle(ends_[1]); }
  void put(char byte) { REQUIRE(::write(ends_[1], &byte, 1) == 1); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

class Reader : public ReadDescriptor {
 public:
  Reader(Pipe& pipe, std::function<void()> then) : pipe_(pipe), then_(std::move(then)) {}
  NativeHandle fileno() const override { return gone ? NativeHandle() : pipe_.reading(); }
  std::optional<Failure> doRead() override {
    char byte = 0;
    const auto size = ::read(pipe_.reading().descriptor(), &byte, 1);
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
  Pipe& pipe_;
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
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  Pipe pipe;
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
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  Pipe pipe;
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
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  Pipe pipe;
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
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  Pipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] { throw std::runtime_error("bad reader"); });
  reactor->addReader(reader);
  pipe.put('a');
  turn_until(*reactor, [&] { return reader->losses != 0; });
  CHECK(reader->why.getErrorMessage() == "bad reader");
  CHECK(reactor.log.size() == 1);
}

TEST_CASE("a descriptor that went away is dropped with connectionLost") {
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  Pipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] {});
  reactor->addReader(reader);
  pipe.put('a');
  reader->gone = true;
  turn_until(*reactor, [&] { return reader->losses != 0; });
  CHECK(reader->losses == 1);
  CHECK(reader->text.empty());
}

TEST_CASE("at shutdown every descriptor is told, also when an earlier one throws") {
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  class Thrower : public Reader {
   public:
    using Reader::Reader;
    void connectionLost(const Failure&) override { throw std::runtime_error("not now"); }
  };
  Pipe first;
  Pipe second;
  reactor->addReader(std::make_shared<Thrower>(first, [] {}));
  auto reader = std::make_shared<Reader>(second, [] {});
  reactor->addReader(reader);
  reactor->callLater(std::chrono::milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reader->losses == 1);
  CHECK(reader->why.check<ConnectionLost>());
}

TEST_CASE("a callback that writes to a pipe that nobody reads gets an error and lives") {
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  Pipe broken;
  broken.close_end(0);
  Pipe pipe;
  int error = 0;
  auto reader = std::make_shared<Reader>(pipe, [&] {
    if (::write(broken.writing().descriptor(), "x", 1) < 0) error = errno;
  });
  reactor->addReader(reader);
  pipe.put('a');
  turn_until(*reactor, [&] { return error != 0; });
  CHECK(error == EPIPE);
  reactor->removeAll();
}

TEST_CASE("removeAll removes every descriptor and leaves the wake-up of threads working") {
  COIL_CONTRACT(reactor);
  if (serves_no_real_descriptor(*reactor)) return;
  Pipe pipe;
  auto reader = std::make_shared<Reader>(pipe, [] {});
  reactor->addReader(reader);
  reactor->removeAll();
  CHECK(reactor->getReaders().empty());
  reactor->callFromThread([&] { reactor->stop(); });
  reactor->run();
  CHECK(reader->losses == 0);
}

}  // namespace
