// What a sample does about signals that not every system has.
#pragma once

#include <coil/process/log_file.h>
#include <coil/process/process.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/signal_watcher.h>

namespace samples {

// Watches for those that a program passes on to its child.
coil::SignalWatcher watch_for_child(coil::Reactor& reactor);
// Passes one on, or what comes nearest to it.
void pass_on(coil::Process& child, int number);
// Opens the log again with each SIGHUP, where there is such a signal.
void reopen_on_hangup(coil::LogFile& log, coil::Reactor& reactor);

}  // namespace samples
