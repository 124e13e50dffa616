// Root tasks: strands that the reactor itself owns, awaits at its stop, and reports about.
#pragma once

#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <source_location>
#include <string_view>
#include <utility>

namespace coil::detail {

// Starts `task` from the loop as a root of `reactor`; its frame is all that a root takes. What it
// throws is logged under its name. Written start_root<"name">(reactor, task); `site` is that of
// what the task is wrapped around.
template <RootName name>
void start_root(Reactor& reactor, Task<void> task, std::source_location site) {
  static constinit NameBinding binding(std::string_view(name.text));
  reactor.start(std::move(task).become_root(reactor, binding, site));
}
template <RootName name>
void start_root(Reactor& reactor, Task<void> task) {
  const std::source_location site = task.site();
  start_root<name>(reactor, std::move(task), site);
}

}  // namespace coil::detail
