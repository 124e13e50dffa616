// Covers: kqueue_poller.cpp: one event for a number and a side, and a queue that a loop waits on.
#include "watched.h"

#include <poll.h>

#include <cerrno>

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

bool has_work(const Reactor& reactor) {
  const int queue = reactor.wait_handle().value().descriptor();
  pollfd watched = {.fd = queue, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

Task<void> read_into(TcpStream& stream, std::string& text) {
  std::array<std::byte, 64> buffer;
  const std::size_t size = co_await stream.read_some(buffer);
  text += as_text(ConstBytes(buffer).first(size));
}

// What a wait for that handle comes to: 0, or its system error.
int wait_result(Reactor& reactor, HandleId handle, Direction side) {
  int error = -1;
  auto wait_once = [&]() -> Task<void> {
    auto nothing = [](PollOperation&, std::int64_t) {};
    using Poll = Await<PollOperation, void, decltype(nothing)>;
    Poll poll(nothing, reactor, handle, side);
    const auto result = co_await as_result(std::move(poll));
    error = result ? 0 : result.error().code().value();
  };
  run(reactor, wait_once());
  return error;
}

TEST_CASE("the reactor can be had, so that nothing of this is skipped") {
  CHECK(make_reactor(ReactorOptions().set_kind(ReactorKind::kqueue))->name() == "kqueue");
}

TEST_CASE("closing ends the events although a duplicate keeps the socket open") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  const Descriptor duplicate(::fcntl(pair.here.number(), F_DUPFD_CLOEXEC, 0));
  TcpStream stream(*reactor, pair.here.release());
  std::string text;
  auto read = [&]() -> Task<void> {
    const auto closed = co_await as_result(read_into(stream, text));
    CHECK(closed.error().code() == Errc::handle_closed);
  };
  detail::start_root<"reader">(*reactor, read());
  reactor->iterate();
  stream.close();
  turn_until(*reactor, [&] { return !has_work(*reactor); });
  pair.there.put('x');
  CHECK_FALSE(has_work(*reactor));
}

TEST_CASE("an edge that came while nobody read is remembered for the next read") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  TcpStream stream(*reactor, pair.here.release());
  std::string text;
  detail::start_root<"reader">(*reactor, read_into(stream, text));
  reactor->iterate();
  pair.there.put('a');
  turn_until(*reactor, [&] { return text == "a"; });
  pair.there.put('b');
  turn_until(*reactor, [&] { return !has_work(*reactor); });
  run(*reactor, read_into(stream, text));
  CHECK(text == "ab");
}

TEST_CASE("a second handle of a number that is served is refused, and the first one goes on") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  const NativeHandle native = pair.here.native();
  TcpStream stream(*reactor, pair.here.release());
  std::string text;
  detail::start_root<"reader">(*reactor, read_into(stream, text));
  reactor->iterate();
  const HandleId second = reactor->handles().open(native, HandleKind::foreign);
  CHECK(wait_result(*reactor, second, Direction::read) == EEXIST);
  reactor->handles().close(second);
  reactor->iterate();
  pair.there.put('x');
  turn_until(*reactor, [&] { return text == "x"; });
}

TEST_CASE("a foreign descriptor is an error once it is closed, also when its number is another's") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  const int number = pair.here.number();
  const HandleId handle = reactor->handles().open(pair.here.native(), HandleKind::foreign);
  pair.there.put('x');
  CHECK(wait_result(*reactor, handle, Direction::read) == 0);
  pair.here.close();
  CHECK(wait_result(*reactor, handle, Direction::read) == EBADF);

  SocketPair next;
  if (next.there.number() == number) std::swap(next.here, next.there);
  REQUIRE(next.here.number() == number);
  TcpStream stream(*reactor, next.here.release());
  std::string text;
  detail::start_root<"reader">(*reactor, read_into(stream, text));
  reactor->iterate();
  CHECK(wait_result(*reactor, handle, Direction::write) == EBADF);
  reactor->handles().close(handle);
  reactor->iterate();
  next.there.put('y');
  turn_until(*reactor, [&] { return text == "y"; });
}

TEST_CASE("a foreign loop sees work in the queue: bytes, calls of threads, regular files") {
  COIL_CONTRACT(reactor);
  CHECK_FALSE(has_work(*reactor));
  SocketPair pair;
  auto reader = std::make_shared<Watched>(pair.here.native(), [] {});
  reactor->addReader(reader);
  reactor->iterate();
  turn_until(*reactor, [&] { return !has_work(*reactor); });
  pair.there.put('x');
  CHECK(has_work(*reactor));
  turn_until(*reactor, [&] { return reader->calls != 0; });
  // The byte was left: level-like, whoever waits is told again.
  CHECK(has_work(*reactor));
  reactor->removeReader(*reader);
  turn_until(*reactor, [&] { return !has_work(*reactor); });

  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  auto always = std::make_shared<Watched>(NativeHandle(::fileno(file)), [] {});
  reactor->addReader(always);
  turn_until(*reactor, [&] { return always->calls != 0; });
  CHECK(has_work(*reactor));
  reactor->removeReader(*always);
  turn_until(*reactor, [&] { return !has_work(*reactor); });
  std::fclose(file);

  bool called = false;
  std::thread([&] { reactor->callFromThread([&] { called = true; }); }).join();
  turn_until(*reactor, [&] { return called; });
}

TEST_CASE("more handles than one wait reports are all served") {
  COIL_CONTRACT(reactor);
  std::vector<SocketPair> pairs(600);
  std::vector<std::shared_ptr<Watched>> readers;
  for (SocketPair& pair : pairs) {
    readers.push_back(std::make_shared<Watched>(pair.here.native(), [] {}));
    reactor->addReader(readers.back());
    pair.there.put('x');
  }
  turn_until(*reactor, [&] {
    return std::ranges::all_of(readers, [](const auto& reader) { return reader->calls > 0; });
  });
  reactor->removeAll();
  reactor->iterate();
}

// The kernels refuse a limit of many years; taken for an event, the refusal would turn the loop.
TEST_CASE("a timer that is due in a lifetime does not make the loop spin") {
  COIL_CONTRACT(reactor);
  auto far = reactor->callLater(std::chrono::hours(24 * 365 * 100), [] {});
  const std::uint64_t turns = reactor->counters().turns;
  bool called = false;
  std::thread other([&] {
    const Descriptor never(::socket(AF_INET, SOCK_DGRAM, 0));
    pollfd watched = {.fd = never.number(), .events = POLLIN, .revents = 0};
    ::poll(&watched, 1, 20);
    reactor->callFromThread([&] { called = true; });
  });
  while (!called) reactor->iterate(std::chrono::hours(24 * 365 * 50));
  other.join();
  CHECK(reactor->counters().turns - turns < 20);
  far.cancel();
}

TEST_CASE("the own half close is not the peer's end") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  TcpStream stream(*reactor, pair.here.release());
  std::string text;
  auto talk = [&]() -> Task<void> {
    co_await stream.shutdown_write();
    co_await read_into(stream, text);
  };
  detail::start_root<"talk">(*reactor, talk());
  for (int turn = 0; turn < 3; ++turn) reactor->iterate();
  CHECK(turns_in(*reactor, milliseconds(20)) < 20);
  CHECK(text.empty());
  pair.there.put('z');
  turn_until(*reactor, [&] { return text == "z"; });
}

}  // namespace
