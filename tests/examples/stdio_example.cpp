// The examples of process/stdio.h.
#include <coil/net.h>
#include <coil/process/stdio.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cctype>
#include <memory>
#include <string>

#include "support/descriptors.h"
#include "support/everything.h"

using namespace coil;

namespace {

// [shout]
Task<void> shout(StdioTransport& stdio) {
  LineParser lines("\n");
  while (std::optional<std::string> line = co_await read_line(stdio, lines)) {
    for (char& letter : *line) letter = static_cast<char>(std::toupper(letter));
    co_await write_all(stdio, *line + "\n");
  }
}
// [/shout]

class Calculator : public LineOnlyReceiver {
 public:
  void connectionMade() override { set_delimiter("\n"); }
  void lineReceived(std::string_view line) override { sendLine(std::string(line) + " = 4"); }
};

}  // namespace

TEST_CASE("shout") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  testing::RawPipe in;
  testing::RawPipe out;
  REQUIRE(::write(in.writing.number(), "quiet\nwords\n", 12) == 12);
  in.writing.close();
  auto all = [&]() -> Task<void> {
    StdioTransport stdio = StdioTransport::open(
        *reactor, StdioOptions().set_input(in.reading.handle()).set_output(out.writing.handle()));
    co_await shout(stdio);
  };
  run(*reactor, all());
  std::array<char, 32> heard = {};
  REQUIRE(::read(out.reading.number(), heard.data(), heard.size()) == 12);
  CHECK(std::string(heard.data()) == "QUIET\nWORDS\n");
}

TEST_CASE("keys") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  auto refused = [&] {
    // [keys]
    StdioTransport stdio = StdioTransport::open(reactor, StdioOptions().set_raw(true));
    // [/keys]
  };
  if (::isatty(0) == 0) CHECK_THROWS_AS(refused(), std::invalid_argument);
}

TEST_CASE("calculator") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  testing::RawPipe in;
  testing::RawPipe out;
  const int standard_input = ::dup(0);
  const int standard_output = ::dup(1);
  REQUIRE(::write(in.writing.number(), "2 + 2\n", 6) == 6);
  in.writing.close();
  ::dup2(in.reading.number(), 0);
  ::dup2(out.writing.number(), 1);
  out.writing.close();
  Reactor& reactor = *owner;
  auto all = [&]() -> Task<void> {
    // [calculator]
    StandardIO(reactor, std::make_shared<Calculator>());
    // [/calculator]
    while (reactor.handles().size() != 0) co_await yield();
  };
  run(reactor, all());
  ::dup2(standard_input, 0);
  ::dup2(standard_output, 1);
  ::close(standard_input);
  ::close(standard_output);
  std::array<char, 32> heard = {};
  REQUIRE(::read(out.reading.number(), heard.data(), heard.size()) == 10);
  CHECK(std::string(heard.data()) == "2 + 2 = 4\n");
}
