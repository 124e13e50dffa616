// The parts of a reactor that its hot path does not touch. Included by the reactor's sources only.
#pragma once

#include <coil/runtime/reactor.h>

#include "call_nodes.h"
#include "descriptor_watch.h"
#include "inbox.h"
#include "signal_desk.h"
#include "stop_account.h"
#include "system_events.h"
#include "timer_queue.h"

#include <atomic>
#include <memory>
#include <thread>
#include <typeindex>
#include <utility>
#include <vector>

namespace coil {

struct Reactor::Core {
  explicit Core(Reactor& reactor) : events(reactor), watches(reactor), signals(reactor) {}

  detail::SystemEvents events;
  detail::DescriptorWatches watches;
  detail::SignalDesk signals;
  detail::Posted posted;
  detail::CallNodes call_nodes;
  std::atomic<std::thread::id> thread{std::this_thread::get_id()};  // Read by other threads.
  bool ended = false;  // Its destructor has taken it apart.
  int exit_signal = 0;
  LogSink log_sink;
  std::vector<std::pair<std::type_index, std::shared_ptr<void>>> installed;
  std::vector<Operation*> parked_accepts;
  std::vector<Operation*> unfinished_sends;  // They have had their share of this turn.
  DelayedCall accept_retry;
  Duration accept_backoff = std::chrono::milliseconds(50);
  detail::StopAccount account;
  bool before_done = false;      // Every `before shutdown` trigger has ended.
  bool forced = false;           // The stop shall not wait for anybody.
  std::uint64_t drain_turn = 0;  // In which the roots were cancelled.
  TimePoint drain_until = TimePoint::max();
};

}  // namespace coil
