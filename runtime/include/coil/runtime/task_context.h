// TaskContext: what a task inherits from whoever awaits it.
#pragma once

#include <coil/runtime/detail/intrusive_list.h>
#include <coil/runtime/suspension.h>

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <source_location>
#include <string_view>

namespace coil {

namespace detail {

template <class T>
class TaskPromise;
struct SiblingTag {};

// What a strand and everything inside it finds by a key; the innermost one hides those outside.
struct LocalBinding {
  constexpr LocalBinding() noexcept {}
  const void* key = nullptr;
  const void* value = nullptr;
  LocalBinding* outer = nullptr;
};

// The name of a strand, found in the same way: most strands have none of their own.
struct NameBinding : LocalBinding {
  constexpr explicit NameBinding(std::string_view name) noexcept { set(name); }
  constexpr void set(std::string_view name) noexcept {
    key = &name_key;
    value = name.data();
    size = name.size();
  }
  std::size_t size = 0;
  static constexpr char name_key = 0;
};

// A literal as a template argument: what a kind of strand is called.
template <std::size_t size>
struct RootName {
  consteval RootName(const char (&literal)[size]) noexcept { std::copy_n(literal, size, text); }
  char text[size];
};

}  // namespace detail

// TaskContext: one strand of tasks: its reactor, cancellation scope, name, creation site and
// task-locals.
//
// Tasks that await each other share one context, so that awaiting costs one pointer. A context
// begins where concurrency or a scope begins: a spawned child, a branch of when_all, a timeout.
// The contexts form a tree, which can be walked while the program runs.
//
// Example (tests/examples/task_context_example.cpp, "walk"):
//
//   void print(const TaskContext& context, int depth) {
//     std::printf("%*s%s\n", depth * 2, "", std::string(context.name()).c_str());
//     context.for_each_child([&](const TaskContext& child) { print(child, depth + 1); });
//   }
//
// Guarantees: A request for cancellation reaches every descendant that is not shielded.
// Threads:    Reactor thread only.
class TaskContext : public detail::TaggedHook<detail::SiblingTag> {
 public:
  // A root: a strand that nobody awaits but the reactor. The name outlives it.
  TaskContext(Reactor& reactor, detail::NameBinding& name, std::source_location site) noexcept;
  // A child: inherits everything from `parent`, and its cancellation unless it is shielded.
  enum class Scope : bool { inherited, shielded };
  explicit TaskContext(TaskContext& parent, Scope scope = Scope::inherited) noexcept
      : TaskContext(parent, parent.site_, scope) {}
  // The same for a task that was written at `site`.
  TaskContext(TaskContext& parent, std::source_location site,
              Scope scope = Scope::inherited) noexcept
      : reactor_(parent.reactor_),
        parent_(&parent),
        locals_(parent.locals_),
        site_(site),
        cancel_requested_(scope == Scope::inherited && parent.cancel_requested_),
        shielded_(scope == Scope::shielded) {
    parent.children_.push_back(*this);
  }
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;
  ~TaskContext() {
    if (has_rest()) [[unlikely]]
      drop_rest();
    if (parent_ == nullptr) {
      unlink();
    } else {
      parent_->children_.remove(*this);
    }
  }

  Reactor& reactor() const noexcept { return *reactor_; }
  TaskContext* parent() const noexcept { return parent_; }

  // Level-triggered: once true, every later cancellable await throws Cancelled.
  bool cancel_requested() const noexcept { return cancel_requested_; }
  // Asks this strand and its descendants to end. Nothing is resumed from inside the call.
  void cancel() noexcept;

  // Its own, or that of the nearest strand around it that has one.
  std::string_view name() const noexcept;
  // `name` must outlive the context: a literal, or text that the owner keeps.
  void set_name(std::string_view name);
  std::source_location site() const noexcept { return site_; }
  void set_site(std::source_location site) noexcept { site_ = site; }
  // What the strand waits for now; nullptr while it runs or is about to, or while only its children
  // do.
  Suspension* waits_for() const noexcept { return leaf_; }

  template <class Visit>
  void for_each_child(Visit visit) const {
    for (TaskContext* child = children_.first(); child != nullptr;) {
      TaskContext* next = children_.after(*child);
      visit(*child);
      child = next;
    }
  }

 private:
  friend class Suspension;
  friend class Reactor;
  template <class T>
  friend class TaskLocal;
  template <class T>
  friend class detail::TaskPromise;

  void request_cancel_here() noexcept;
  // What few strands have left at their end: a name of their own, or, by mistake, children.
  bool has_rest() const noexcept { return named_ || !children_.empty(); }
  void drop_rest() noexcept;

  // Small, since every task that may be spawned has room for one.
  Reactor* reactor_;
  TaskContext* parent_ = nullptr;
  Suspension* leaf_ = nullptr;  // What it waits for, until that is ready.
  detail::IntrusiveRing<TaskContext, detail::SiblingTag> children_;
  detail::LocalBinding* locals_ = nullptr;  // Its own name first, if it has one, then the rest.
  std::source_location site_;
  bool cancel_requested_ = false;
  bool shielded_ = false;
  bool named_ = false;
};

inline bool Suspension::enter(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
  require_idle();
  context_ = &context;
  if (context.cancel_requested_) {
    marks_ = mark(State::resumed) | cancelled_mark;
    return false;
  }
  enter_uncancellable(context, waiter);
  return true;
}

inline void Suspension::enter_uncancellable(TaskContext& context,
                                            std::coroutine_handle<> waiter) noexcept {
  context_ = &context;
  waiter_ = waiter;
  context.leaf_ = this;
  marks_ = mark(State::waiting);
}

// Cancelling finds nothing to end: what is ready is no leaf, and needs no context.
inline bool Suspension::enter_ready(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
  require_idle();
  if (context.cancel_requested_) {
    marks_ = mark(State::resumed) | cancelled_mark;
    return false;
  }
  waiter_ = waiter;
  marks_ = mark(State::ready);
  return true;
}

inline void Suspension::leave() noexcept {
  context_->leaf_ = nullptr;
  marks_ = mark(State::resumed);
}

}  // namespace coil
