// Covers: await.h, operation.h, operations.h: what is awaited, by whom, and what it takes.
#include <array>
#include <string>
#include <string_view>

#include "support/contract.h"
#include "support/dies.h"
#include "support/tcp_pair.h"

using namespace coil;
using coil::testing::last_words;
using coil::testing::Pair;
using coil::testing::with_pair;

namespace {

template <class A>
Task<std::string> name_in_error(A awaited) {
  const auto result = co_await as_result(std::move(awaited));
  if (result) co_return "no error";
  const std::string message = result.error().failure().getErrorMessage();
  co_return message.substr(0, message.find(':'));
}

TEST_CASE("an error names what was awaited") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    TcpStream& stream = pair.here;
    std::array<std::byte, 8> buffer;
    stream.close();
    CHECK(co_await name_in_error(stream.read_some(buffer)) == "read_some");
    CHECK(co_await name_in_error(stream.receive()) == "receive");
    CHECK(co_await name_in_error(stream.write_some(buffer)) == "write_some");
    CHECK(co_await name_in_error(stream.write_all(buffer)) == "write_all");
    CHECK(co_await name_in_error(stream.shutdown_write()) == "shutdown_write");
    TcpListener listener = TcpListener::bind(stream.reactor(), Address::loopback(0));
    listener.close();
    CHECK(co_await name_in_error(listener.accept()) == "accept");
  });
}

// A task of one reactor receives from a stream of another.
void receive_elsewhere() {
  COIL_CONTRACT(reactor);
  COIL_CONTRACT(other);
  TcpStream stream(*reactor,
                   reactor->sockets().open(SocketFamily::ipv4, SocketType::stream).value());
  auto receive = [&]() -> Task<void> { co_await stream.receive(); };
  run(*other, receive());
}

TEST_CASE("a task that awaits what belongs to another reactor ends the program with a sentence") {
  {
    COIL_CONTRACT(offered);
  }
  CHECK(last_words(&receive_elsewhere).find("belongs to another reactor") != std::string::npos);
}

TEST_CASE("an operation that moves before it is awaited keeps what it was made of") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    auto nothing = pair.here.read_some(MutableBytes());
    auto nothing_moved = std::move(nothing);
    CHECK(co_await std::move(nothing_moved) == 0);
    const std::array<ConstBytes, 2> pieces = {as_bytes("in "), as_bytes("pieces")};
    auto write = pair.here.write_some(pieces);
    auto write_moved = std::move(write);
    CHECK(co_await std::move(write_moved) > 0);
    auto receive = pair.there.receive();
    auto receive_moved = std::move(receive);
    const BufferLease lease = co_await std::move(receive_moved);
    CHECK(as_text(lease.bytes()).starts_with('i'));
  });
}

TEST_CASE("a handle and what waits on it take few bytes") {
  constexpr std::size_t word = sizeof(void*);
  CHECK(sizeof(HandleSlot) <= 7 * word);
  CHECK(sizeof(ReceiveLeaseOperation) <= 10 * word);
  CHECK(sizeof(SendOperation) <= 9 * word);
}

}  // namespace
