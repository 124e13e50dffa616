// Covers: process/stdio.h: raw terminals, and what is put back at their end, however it comes.
#include <coil/process/stdio.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "support/contract.h"
#include "support/dies.h"
#include "support/pipes.h"

using namespace coil;
using namespace coil::testing;

namespace {

bool is_raw(const Descriptor& terminal) {
  termios modes = {};
  REQUIRE(::tcgetattr(terminal.number(), &modes) == 0);
  return (modes.c_lflag & ICANON) == 0;
}

StdioOptions raw_on(const RawTerminal& terminal) {
  return StdioOptions()
      .set_input(terminal.program.handle())
      .set_output(terminal.program.handle())
      .set_raw(true);
}

struct sigaction found = {};

// As a crash reporter does it.
void report(int number) { found.sa_handler(number); }

}  // namespace

TEST_CASE("a raw terminal gives keys at once, and is as it was afterwards") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    RawTerminal terminal;
    {
      StdioTransport stdio = StdioTransport::open(*reactor, raw_on(terminal));
      CHECK(stdio.input_is_terminal());
      CHECK(is_raw(terminal.program));
      REQUIRE(::write(terminal.person.number(), "k", 1) == 1);  // No line, and yet it comes.
      const BufferLease key = co_await stdio.receive();
      CHECK(as_text(key.bytes()) == "k");
    }
    CHECK(!is_raw(terminal.program));
    CHECK((::fcntl(terminal.program.number(), F_GETFL) & O_NONBLOCK) == 0);
  };
  run(*reactor, all());
}

TEST_CASE("a terminal is as it was when the program has crashed, or ended without a word") {
  if (test_reactor() == "simulated") {
    note_skip("standard streams", "the simulated reactor has no kernel below it");
    return;
  }
  for (const bool crashes : {true, false}) {
    const RawTerminal terminal;
    static_cast<void>(last_words([&] {
      const std::unique_ptr<Reactor> reactor = make_contract_reactor();
      const StdioTransport stdio = StdioTransport::open(*reactor, raw_on(terminal));
      if (!is_raw(terminal.program)) return;
      ::write(terminal.program.number(), "raw", 3) == 3 ? (crashes ? std::abort() : std::exit(0))
                                                        : std::abort();
    }));
    std::array<char, 4> said = {};
    CHECK(::read(terminal.person.number(), said.data(), said.size()) == 3);
    CHECK(!is_raw(terminal.program));
  }
}

TEST_CASE("a terminal that was made raw twice is as it was before the first time") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  const RawTerminal terminal;
  {
    StdioTransport stdio = StdioTransport::open(*reactor, raw_on(terminal));
    stdio = StdioTransport::open(*reactor, raw_on(terminal));
  }
  CHECK(!is_raw(terminal.program));
}

TEST_CASE("a handler of crashes that calls what it found there ends the program all the same") {
  if (test_reactor() == "simulated") {
    note_skip("standard streams", "the simulated reactor has no kernel below it");
    return;
  }
  const RawTerminal terminal;
  const std::string words = last_words([&] {
    const std::unique_ptr<Reactor> reactor = make_contract_reactor();
    static_cast<void>(StdioTransport::open(*reactor, raw_on(terminal)));
    struct sigaction reporter = {};
    reporter.sa_handler = &report;
    ::sigaction(SIGABRT, &reporter, &found);
    const StdioTransport again = StdioTransport::open(*reactor, raw_on(terminal));
    std::fputs("crashing\n", stderr);
    std::abort();
  });
  CHECK(words == "crashing\n");
  CHECK(!is_raw(terminal.program));
}
