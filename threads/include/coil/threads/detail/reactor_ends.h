// ReactorEnds: who wants to know, on whichever thread that happens, that a reactor has ended.
#pragma once

#include <coil/runtime/reactor.h>
#include <coil/threads/detail/weak_list.h>

#include <memory>

namespace coil::detail {

// What threads share with a reactor watches its end: from then on no thread may call it.
class EndWatch {
 public:
  EndWatch() noexcept {}
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;
  virtual ~EndWatch() = default;

  // Called on the reactor's thread, once for each reactor that is watched.
  virtual void reactor_ended(Reactor& reactor) noexcept = 0;
};

// A reactor ends in the `during shutdown` phase, when its tasks have ended, or with its destructor
// where it was turned by run(reactor, task) only.
//
// Threads: add() on the reactor's thread; a watch may be dropped on any.
class ReactorEnds {
 public:
  explicit ReactorEnds(Reactor& reactor) noexcept : reactor_(reactor) {}
  ReactorEnds(const ReactorEnds&) = delete;
  ReactorEnds& operator=(const ReactorEnds&) = delete;
  ~ReactorEnds() { end(); }

  // Those of `reactor`, which lends them to everybody.
  static std::shared_ptr<ReactorEnds> of(Reactor& reactor);

  // Tells `watch` when the reactor ends; at once where it has. A watch that goes is forgotten.
  void add(const std::shared_ptr<EndWatch>& watch);

 private:
  void end() noexcept;

  Reactor& reactor_;
  WeakList<EndWatch> watches_;
  bool ended_ = false;
};

}  // namespace coil::detail
