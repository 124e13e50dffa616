// CallNodes: recycled memory for the functions of callFromThread. Included by the reactor core.
#pragma once

#include <coil/runtime/delayed_call.h>
#include <coil/runtime/detail/inbox_node.h>

#include <atomic>
#include <cstdint>

namespace coil::detail {

// A posting thread fills the nodes of a block one after the other; the loop empties them. When the
// last of a block is empty, the loop puts the block on a list, from which a posting thread takes
// everything once it has filled its own. So a posting thread only ever writes to nodes, at
// addresses that it knows in advance: it does not wait for what the loop's processor wrote there.
// The list needs neither a lock nor a count of versions, since it is only ever taken whole.
//
// Example:
//
//   inbox.push(nodes.fill(std::move(call)));   // On any thread.
//   inbox.deliver_all(this);                   // On the loop's.
//   nodes.settle();
//
// Threads: fill() on any thread, the rest on the reactor's.
// Cost:    No allocation once there are as many blocks as are under way at a time, up to 64.
class CallNodes {
 public:
  CallNodes() noexcept {}
  CallNodes(const CallNodes&) = delete;
  CallNodes& operator=(const CallNodes&) = delete;
  ~CallNodes();

  // Gives a node that makes the call when it is delivered, and then is empty again.
  InboxNode& fill(Callback&& call);
  // Accounts for the nodes that were emptied last.
  void settle() noexcept;

 private:
  class Node;
  struct Block;
  struct Filling;
  static constexpr std::uint32_t recycled_max = 64;

  static CallNodes& of(Reactor& reactor) noexcept;
  void emptied(Block& block) noexcept;
  void recycle(Block& block) noexcept;

  Block* emptied_in_ = nullptr;       // The block of the nodes emptied last …
  std::uint32_t emptied_count_ = 0;   // … and how many of it are not accounted for.
  std::uint32_t recycled_count_ = 0;  // At most so many are in recycled_.
  alignas(64) std::atomic<Block*> recycled_{nullptr};
};

}  // namespace coil::detail
