// TimerNode: one timer's place in a reactor's timer queue, embedded in whatever waits for it.
//
// Example (tests/examples/timer_example.cpp, "timer node"):
//
//   struct Blink : TimerNode {
//     Blink() noexcept : TimerNode(&Blink::expired) {}
//     static void expired(TimerNode& node) noexcept { static_cast<Blink&>(node).on = true; }
//     bool on = false;
//   };
//
// Most programs never meet this type: callLater and sleep make their own nodes.
#pragma once

#include <coil/runtime/time_point.h>

#include <cstdint>

namespace coil {

// Holds the links and the due time of one timer. It is pinned: the queue keeps its address.
//
// Requires:   It leaves the queue before it is destroyed, by firing or by being removed. While it
//             is queued, nobody but the queue writes to its members.
// Guarantees: Of two nodes that are due at the same time the one added first fires first.
// Cost:       48 bytes; queueing a node never allocates.
struct TimerNode {
  // The value of `place` while the node is in no queue.
  static constexpr std::uint32_t not_queued = UINT32_MAX;

  explicit TimerNode(void (*on_fire)(TimerNode&) noexcept) noexcept : fire(on_fire) {}
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  ~TimerNode() {
    if (queued()) destroyed_while_queued();
  }

  bool queued() const noexcept { return place != not_queued; }

  TimerNode* next;                    // Set by the queue: the node behind it in a list.
  TimerNode** back;                   // Set by the queue: what points to it, a head or a `next`.
  TimePoint due;                      // Set by whoever adds the node.
  std::uint64_t order;                // Set by the queue: breaks ties between equal due times.
  void (*fire)(TimerNode&) noexcept;  // Called by the reactor once the node has left the queue.
  std::uint32_t place = not_queued;   // Set by the queue: the slot or batch that holds the node.

 private:
  // Prints a sentence and aborts: the queue would follow a dangling pointer.
  [[noreturn]] static void destroyed_while_queued() noexcept;
};

}  // namespace coil
