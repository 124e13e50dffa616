// The samples that start programs or talk through the standard streams, which coil does not do on
// Windows: each says so.
#include "common/samples.h"

#include <cstdio>

namespace samples {

namespace {

int refuse(const char* sample, const char* needs) {
  std::fprintf(stderr, "coil: %s needs %s, which coil does not have on Windows\n", sample, needs);
  return 1;
}

}  // namespace

int exec(coil::Reactor&, const CommandOptions&) { return refuse("exec", "child processes"); }

int pipeline(coil::Reactor&, const CommandOptions&) {
  return refuse("pipeline", "child processes");
}

int inetd(coil::Reactor&, const ServerOptions&) { return refuse("inetd", "child processes"); }

int repl(coil::Reactor&) { return refuse("repl", "standard streams as transports"); }

}  // namespace samples
