// Covers: epoll_poller.cpp: registrations, edges, and a foreign loop that waits on the descriptor.
#include "watched.h"

#include <poll.h>

#include <fstream>

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

int wait_descriptor(const Reactor& reactor) { return reactor.wait_handle().value().descriptor(); }

// The registrations that the kernel lists, the waker's among them.
std::size_t registrations(const Reactor& reactor) {
  std::ifstream list("/proc/self/fdinfo/" + std::to_string(wait_descriptor(reactor)));
  std::size_t count = 0;
  for (std::string line; std::getline(list, line);) count += line.starts_with("tfd:") ? 1U : 0U;
  return count;
}

bool has_work(const Reactor& reactor) {
  pollfd watched = {.fd = wait_descriptor(reactor), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

Task<void> read_into(TcpStream& stream, std::string& text) {
  std::array<std::byte, 64> buffer;
  const std::size_t size = co_await stream.read_some(buffer);
  text += as_text(ConstBytes(buffer).first(size));
}

TEST_CASE("a stream is registered by its first wait, once, and not at all if it never waits") {
  COIL_CONTRACT(reactor);
  const std::size_t before = registrations(*reactor);
  SocketPair pair;
  TcpStream stream(*reactor, pair.here.release());
  std::string text;
  pair.there.put('a');
  run(*reactor, read_into(stream, text));
  CHECK(registrations(*reactor) == before);
  for (const char byte : std::string("bcd")) {
    detail::start_root<"reader">(*reactor, read_into(stream, text));
    reactor->iterate();
    CHECK(registrations(*reactor) == before + 1);
    pair.there.put(byte);
    turn_until(*reactor, [&] { return text.back() == byte; });
  }
  CHECK(text == "abcd");
}

TEST_CASE("closing ends the registration although a duplicate keeps the socket open") {
  COIL_CONTRACT(reactor);
  const std::size_t before = registrations(*reactor);
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
  CHECK(registrations(*reactor) == before + 1);
  stream.close();
  reactor->iterate();
  CHECK(registrations(*reactor) == before);
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

TEST_CASE("a foreign descriptor that was closed and whose number is free again is an error") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  const HandleId handle = reactor->handles().open(pair.here.native(), HandleKind::foreign);
  std::int64_t outcome = 1;
  auto wait_once = [&]() -> Task<void> {
    auto nothing = [](PollOperation&, std::int64_t) {};
    using Poll = Await<PollOperation, void, decltype(nothing)>;
    Poll poll(nothing, *reactor, handle, Direction::read);
    const auto result = co_await as_result(std::move(poll));
    outcome = result ? 0 : result.error().code().value();
  };
  pair.there.put('x');
  run(*reactor, wait_once());
  CHECK(outcome == 0);
  pair.here.close();
  run(*reactor, wait_once());
  CHECK(outcome == EBADF);
  reactor->handles().close(handle);
}

TEST_CASE("a foreign loop sees work in the descriptor: bytes, calls of threads, regular files") {
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

  const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  auto always = std::make_shared<Watched>(file.native(), [] {});
  reactor->addReader(always);
  turn_until(*reactor, [&] { return always->calls != 0; });
  CHECK(has_work(*reactor));
  reactor->removeReader(*always);
  turn_until(*reactor, [&] { return !has_work(*reactor); });

  bool called = false;
  std::thread([&] { reactor->callFromThread([&] { called = true; }); }).join();
  turn_until(*reactor, [&] { return called; });
}

TEST_CASE("more handles than one wait reports are all served") {
  COIL_CONTRACT(reactor);
  constexpr std::size_t count = 600;
  std::vector<SocketPair> pairs(count);
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

}  // namespace
