// A server that runs a program for each connection: what the client says is what the program
// reads, and what the program writes is what the client gets.
//
// Run it:  coil inetd --listen tcp:8007 -- tr a-z A-Z
// The end of what a client says is the end of what its program reads. A stop ends all programs.
#include "common/commands.h"
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/serve.h>
#include <coil/net/stream_algorithms.h>
#include <coil/net/tcp.h>
#include <coil/process/process.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/task_group.h>

namespace samples {

namespace {

// A program need not read all that a client sends.
coil::Task<void> feed(coil::TcpStream& client, coil::Process& program) {
  for (;;) {
    const coil::BufferLease data = co_await client.receive();
    if (data.empty()) break;
    const auto written = co_await coil::as_result(program.input().write_all(data.bytes()));
    if (!written) break;
  }
  program.input().close();
}

coil::Task<void> run_one(coil::TcpStream client, coil::Command command, Counters& counters) {
  const OpenConnection open(counters);
  coil::Process program = coil::Process::spawn(client.reactor(), command);
  auto both_ways = [&](coil::TaskGroup& group) -> coil::Task<void> {
    group.spawn(&feed, coil::outlives_group(client), coil::outlives_group(program));
    counters.bytes += co_await coil::copy(program.output(), client);
    co_await client.shutdown_write();
    co_await program.wait();
    ++counters.messages;
    group.cancel();
  };
  co_await coil::with_task_group(both_ways);
}

}  // namespace

int inetd(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  coil::Command command = to_command(options.words);
  command.set_errors(coil::ChildDescriptor::inherit());
  auto handler = [&](coil::TcpStream client) {
    return run_one(std::move(client), command, counters);
  };
  coil::TcpListener listener = coil::TcpListener::bind(reactor, options.listen);
  announce(reactor, listener.local_address(), "a program per connection");
  return run_server(reactor, counters, coil::serve(listener, handler));
}

}  // namespace samples
