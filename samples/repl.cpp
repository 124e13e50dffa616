// Standard input and output as a stream: each line that is typed is worked out, and answered.
//
// Run it:  coil repl                         and type  1 + 2 * 3
//          echo "1 + 2 * 3" | coil repl      answers 7, and nothing else
#include "common/expression.h"
#include "common/lines.h"
#include "common/samples.h"

#include <coil/net/byte_stream.h>
#include <coil/net/framed_reads.h>
#include <coil/net/stream_algorithms.h>
#include <coil/process/stdio.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/run.h>

#include <cstdio>
#include <optional>
#include <string>

namespace samples {

namespace {

using Line = std::optional<std::string>;

// The next line; the last one may end with the input. A person is asked for each.
coil::Task<Line> next_line(coil::StdioTransport& stdio, coil::LineParser& lines) {
  if (stdio.input_is_terminal()) co_await coil::write_all(stdio, "> ");
  coil::Result<Line> line = co_await coil::as_result(coil::read_line(stdio, lines));
  if (line) co_return std::move(*line);
  if (line.error().code() != coil::Errc::end_of_stream) line.error().raise();
  co_return Line(lines.take_rest());
}

coil::Task<int> converse(coil::Reactor& reactor) {
  coil::StdioTransport stdio = coil::StdioTransport::open(reactor);
  coil::LineParser lines("\n", line_length_max);
  try {
    while (const Line line = co_await next_line(stdio, lines)) {
      const std::string answer = answer_to(without_return(*line)) + "\n";
      co_await coil::write_all(stdio, answer);
    }
  } catch (const coil::MessageTooLong&) {
    std::fprintf(stderr, "coil: a line has no more than %zu characters\n", line_length_max);
    co_return 1;
  } catch (const coil::ConnectionLost&) {
    co_return 1;  // Nobody reads the answers any more.
  }
  co_return 0;
}

}  // namespace

int repl(coil::Reactor& reactor) { return coil::run(reactor, converse(reactor)); }

}  // namespace samples
