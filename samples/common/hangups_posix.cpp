// The signals of POSIX systems that samples pass on.
#include "common/hangups.h"

#include <csignal>

namespace samples {

coil::SignalWatcher watch_for_child(coil::Reactor& reactor) {
  return coil::SignalWatcher(reactor, {SIGINT, SIGTERM, SIGHUP});
}

void pass_on(coil::Process& child, int number) { child.signal(number); }

void reopen_on_hangup(coil::LogFile& log, coil::Reactor& reactor) { log.reopen_on_hangup(reactor); }

}  // namespace samples
