// What every server sample does around its own few lines: announce, count, end, sum up.
#pragma once

#include "common/counters.h"

#include <coil/net/address.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <functional>

namespace samples {

// Prints the line that tells where the server listens; the first line of its output.
void announce(const coil::Reactor& reactor, const coil::Address& where, const char* what);

// Runs the reactor until SIGINT or SIGTERM, then prints the summary; gives the exit status.
int run_server(coil::Reactor& reactor, const Counters& counters);
// The same where the figures of the summary are only known at the end.
int run_server(coil::Reactor& reactor, const Counters& live,
               const std::function<const Counters&()>& at_end);
// The same with a task that serves; its failure ends the server with status 1.
int run_server(coil::Reactor& reactor, const Counters& counters, coil::Task<void> server);

}  // namespace samples
