// What a server sample does to be served by several reactors: a share of its port for each.
#pragma once

#include "common/counters.h"
#include "common/samples.h"

#include <coil/net/shared_port.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

namespace samples {

// Serves one share, on the reactor of its worker, whose counters these are.
using ServeShare = coil::Task<void> (*)(coil::PortShare share, Counters& counters);

// Runs `serve` on as many reactors as the options ask for, each on a thread of its own, until
// `reactor` is stopped by SIGINT or SIGTERM; then prints one summary of all. A second signal forces
// the end.
int run_workers(coil::Reactor& reactor, const ServerOptions& options, const char* what,
                ServeShare serve);

}  // namespace samples
