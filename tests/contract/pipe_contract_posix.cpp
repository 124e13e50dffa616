// The part of the contract about pipes that is for POSIX systems: terminals.
#include <coil/net.h>

#include <string>

#include "support/contract.h"
#include "support/everything.h"
#include "support/pipes.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("a terminal gives each of its lines, and ends when the other side hangs up") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  auto all = [&]() -> Task<void> {
    RawTerminal raw(O_CLOEXEC | O_NONBLOCK);
    PipeWriter keyboard(*reactor, Descriptor(::dup(raw.person.number())).take());
    PipeReader screen(*reactor, raw.person.take());
    PipeReader input(*reactor, Descriptor(::dup(raw.program.number())).take());
    PipeWriter output(*reactor, raw.program.take());
    co_await keyboard.write_all(as_bytes("one\ntwo\nthree\n"));
    LineParser lines("\n");
    for (const std::string_view expected : {"one", "two", "three"}) {
      const std::optional<std::string> line = co_await read_line(input, lines);
      CHECK(line == expected);
    }
    co_await output.write_all(as_bytes("goodbye"));
    output.close();
    input.close();
    const std::string seen = co_await read_everything(screen);
    CHECK(seen == "goodbye");
  };
  run(*reactor, all());
}
