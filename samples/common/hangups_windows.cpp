// Windows has no SIGHUP, and cannot interrupt another process: that is ended instead.
#include "common/hangups.h"

#include <csignal>

namespace samples {

coil::SignalWatcher watch_for_child(coil::Reactor& reactor) {
  return coil::SignalWatcher(reactor, {SIGINT, SIGTERM});
}

void pass_on(coil::Process& child, int) { child.terminate(); }

void reopen_on_hangup(coil::LogFile&, coil::Reactor&) {}

}  // namespace samples
