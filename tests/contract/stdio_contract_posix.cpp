// What the contract about standard streams asks of POSIX systems only.
#include <coil/net.h>
#include <coil/process/stdio.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "support/contract.h"
#include "support/everything.h"
#include "support/probe.h"
#include "support/standard_streams.h"

using namespace coil;
using namespace coil::testing;

namespace {

bool blocks(const Descriptor& descriptor) {
  return (::fcntl(descriptor.number(), F_GETFL) & O_NONBLOCK) == 0;
}

}  // namespace

TEST_CASE("other processes that share a pipe do not see it become non-blocking") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  with_stdio(*reactor, [](Streams& streams, StdioTransport& stdio) -> Task<void> {
    CHECK(blocks(streams.input()));
    CHECK(blocks(streams.output()));
    co_await stdio.write_all("said");
    std::array<std::byte, 4> text;
    co_await read_exactly(streams.screen, text);
    CHECK(blocks(streams.output()));
  });
}

TEST_CASE("standard streams over one socket are its two sides") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    std::array<int, 2> ends = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const Descriptor input(ends[0]);
    const Descriptor output(::dup(ends[0]));
    TcpStream peer(*reactor, NativeHandle(ends[1]));
    StdioTransport stdio = StdioTransport::open(*reactor, over(input, output));
    co_await peer.write_all("question");
    co_await peer.shutdown_write();
    const std::string question = co_await read_everything(stdio);
    CHECK(question == "question");
    co_await stdio.write_all("answer");
    co_await stdio.shutdown_write();
    const std::string answer = co_await read_everything(peer);
    CHECK(answer == "answer");
  };
  run(*reactor, all());
}

TEST_CASE("a protocol that reads a socket and writes a pipe answers through the pipe") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    std::array<int, 2> ends = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const Descriptor input(ends[0]);
    Streams streams(*reactor);
    TcpStream peer(*reactor, NativeHandle(ends[1]));
    Strings seen;
    const auto probe = std::make_shared<Probe>(&seen);
    probe->on_data = [](Transport& line) { line.write("answer"); };
    const StandardIO connection(*reactor, probe, over(input, streams.output()));
    co_await peer.write_all("?");
    std::array<std::byte, 6> answer;
    co_await read_exactly(streams.screen, answer);
    CHECK(as_text(ConstBytes(answer)) == "answer");
    peer.close();
    while (seen.back() != "lost") co_await yield();
  };
  run(*reactor, all());
}

TEST_CASE("what cannot be standard streams is refused") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  const RawPipe pipe;
  const Descriptor datagrams(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto open = [&](const StdioOptions& options) {
    static_cast<void>(StdioTransport::open(*reactor, options));
  };
  const StdioOptions pipes = over(pipe.reading, pipe.writing);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_raw(true)), std::invalid_argument);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_input(NativeHandle(9999))), SystemError);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_output(datagrams.handle())), UnsupportedSocketType);
}
