// ChildWatcher: what a reactor knows of its children. Included by child.cpp.
#pragma once

#include <coil/runtime/reactor.h>

#include "child.h"

#include <memory>
#include <set>

namespace coil::detail {

// Installed in the reactor with its first child. When the reactor goes, what was to be ended is
// killed and reaped, and what has ended by itself is reaped.
class ChildWatcher {
 public:
  static ChildWatcher& of(Reactor& reactor);

  ChildWatcher() noexcept {}
  ChildWatcher(const ChildWatcher&) = delete;
  ChildWatcher& operator=(const ChildWatcher&) = delete;
  ~ChildWatcher();

  // Kills and reaps those that are being ended: the time that a stop had for them has passed.
  void end_patience() noexcept;
  void add(std::shared_ptr<Child> child) { children_.insert(std::move(child)); }
  void remove(Child& child) noexcept { children_.erase(child.shared_from_this()); }

 private:
  std::set<std::shared_ptr<Child>> children_;
};

}  // namespace coil::detail
