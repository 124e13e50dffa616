// Acceptor: how connections come in on a listener that takes every one. Included by this backend
// only.
#pragma once

#include "own_requests.h"
#include "ring.h"

#include <coil/runtime/operations.h>
#include <coil/runtime/reactor.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace coil::detail {

// A multishot accept hands out connections until it is ended; those that come when nobody waits are
// kept for the next accept, and no more are taken then.
class Acceptor {
 public:
  Acceptor(Reactor& reactor, Ring& ring) noexcept : reactor_(reactor), ring_(ring) {}

  // False for an accept that wants one connection and nothing ahead of it.
  bool serves(const Operation& op, HandleSlot& slot) const noexcept;
  Attempt submit(Operation& op, HandleSlot& slot) noexcept;
  void on_accepted(HandleSlot& slot, const Completion& completion) noexcept;
  // Closes what was accepted and is wanted by nobody.
  void forget(const HandleSlot& slot) noexcept;

 private:
  // By listener: accepted ahead, oldest first.
  using Kept = std::vector<std::pair<HandleId, int>>;

  Kept::const_iterator first_kept(const HandleSlot& slot) const noexcept;
  void arm(HandleSlot& slot) noexcept;
  void deliver(HandleSlot& slot, int result) noexcept;

  Reactor& reactor_;
  Ring& ring_;
  Kept kept_;
};

}  // namespace coil::detail
