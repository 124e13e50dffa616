// Root tasks: strands that the reactor itself owns, awaits at its stop, and reports about.
#pragma once

#include <coil/runtime/detail/promise_base.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <source_location>
#include <string_view>
#include <utility>

namespace coil::detail {

// The first thing a strand waits for: its turn. Its storage lies in the strand's promise.
class StartNode final : public Suspension {
 public:
  StartNode() noexcept : Suspension([](Suspension&) noexcept {}) {}
  // Leaves the start to the loop; cancellation before it is seen by the first await inside.
  void start(TaskContext& context, std::coroutine_handle<> strand) noexcept {
    context.reactor().start(*this, context, strand);
  }
};

// A coroutine that destroys itself when it ends. Its context is the root of everything inside.
class RootStrand {
 public:
  class promise_type final : public PromiseBase {
   public:
    promise_type(Reactor& reactor, Task<void>&, std::string_view name,
                 std::source_location site) noexcept
        : name_(name), context_(reactor, name_, site) {}
    ~promise_type() { context_.reactor().root_ended(context_); }

    RootStrand get_return_object() noexcept {
      const auto self = std::coroutine_handle<promise_type>::from_promise(*this);
      PromiseBase::start(context_, nullptr);
      start_.start(context_, self);
      return RootStrand();
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { context_.reactor().log_current(context_.name()); }

   private:
    NameBinding name_;
    TaskContext context_;
    StartNode start_;
  };

  RootStrand() noexcept {}
};

inline RootStrand run_root(Reactor& reactor, Task<void> task, std::string_view name,
                           std::source_location site) {
  static_cast<void>(reactor);
  static_cast<void>(name);
  static_cast<void>(site);
  try {
    co_await std::move(task);
  } catch (const Cancelled&) {
    // Being told to stop is no failure.
  }
}

// Starts `task` as a root of `reactor`; `name` is a literal. A failure is logged. `site` is that of
// the task, or of what it is wrapped around.
inline void start_root(Reactor& reactor, Task<void> task, std::string_view name,
                       std::source_location site) {
  run_root(reactor, std::move(task), name, site);
}
inline void start_root(Reactor& reactor, Task<void> task, std::string_view name) {
  const std::source_location site = task.site();
  run_root(reactor, std::move(task), name, site);
}

}  // namespace coil::detail
