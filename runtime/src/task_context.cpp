// The tree of strands, and how a request for cancellation walks it.
#include <coil/runtime/task_context.h>

#include <coil/runtime/detail/frame_pool.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstdio>
#include <utility>

namespace coil {

namespace {

// A name that was given to a strand while it ran.
struct OwnedName final : detail::NameBinding, detail::Pooled {
  using NameBinding::NameBinding;
};

}  // namespace

TaskContext::TaskContext(Reactor& reactor, detail::NameBinding& name,
                         std::source_location site) noexcept
    : reactor_(&reactor), locals_(&name), site_(site) {
  reactor.roots_.push_back(*this);
  reactor.root_started(*this);
}

std::string_view TaskContext::name() const noexcept {
  const detail::LocalBinding* binding = locals_;
  while (binding != nullptr && binding->key != &detail::NameBinding::name_key) {
    binding = binding->outer;
  }
  if (binding == nullptr) return {};
  return {static_cast<const char*>(binding->value),
          static_cast<const detail::NameBinding*>(binding)->size};
}

void TaskContext::set_name(std::string_view name) {
  if (named_) {
    static_cast<detail::NameBinding*>(locals_)->set(name);
    return;
  }
  auto* own = new OwnedName(name);
  own->outer = std::exchange(locals_, own);
  named_ = true;
}

void TaskContext::drop_rest() noexcept {
  if (!children_.empty()) contract_violation("a task scope ended before the tasks inside it");
  delete static_cast<OwnedName*>(locals_);
}

void TaskContext::request_cancel_here() noexcept {
  if (cancel_requested_) return;
  cancel_requested_ = true;
  if (leaf_ != nullptr) leaf_->cancel_(*leaf_);
}

// Strands end only when the loop runs them, so the tree stands still during the walk. It goes in
// preorder by links, not by recursion: the tree may be deeper than the stack.
void TaskContext::cancel() noexcept {
  request_cancel_here();
  TaskContext* at = this;
  TaskContext* next = children_.first();
  for (;;) {
    while (next != nullptr && next->shielded_) next = at->children_.after(*next);
    if (next != nullptr) {
      at = next;
      at->request_cancel_here();
      next = at->children_.first();
      continue;
    }
    if (at == this) return;
    next = at->parent_->children_.after(*at);
    at = at->parent_;
  }
}

void Suspension::finish_cancelled() noexcept {
  context_->reactor().ready(*this);
  marks_ |= cancelled_mark;
}

namespace detail {

void StrandJoin::finish() noexcept {
  wait_for(nobody_waits);
  waiting_->context().reactor().ready(*waiting_);
}

void StrandJoin::Wait::give_up(Suspension& self) noexcept {
  auto& wait = static_cast<Wait&>(self);
  if (!wait.cancellable_) return;
  wait.join_.wait_for(nobody_waits);
  wait.finish_cancelled();
}

void ChildScope::child_threw() noexcept {
  try {
    throw;
  } catch (const Cancelled&) {
    child_gave_up();
  } catch (...) {
    child_failed(std::current_exception());
  }
}

std::coroutine_handle<> TaskPromise<void>::begin_root(const Start& start) noexcept {
  TaskPromise& self = start.self;
  TaskContext& own =
      *std::construct_at(&self.room_.context, *start.reactor, *start.name, self.site());
  return self.begin_in(own);
}

// Being told to stop is no failure; of a root, nobody but the log hears of any.
void TaskPromise<void>::child_threw() noexcept {
  if (!is_root()) {
    scope().child_threw();
    return;
  }
  try {
    throw;
  } catch (const Cancelled&) {
  } catch (...) {
    context().reactor().log_current(context().name());
  }
}

// The context of a child is not destroyed in form: it is known to have a parent and mostly nothing
// else.
void TaskPromise<void>::end_child() noexcept {
  if (room_.context.has_rest() || is_root()) [[unlikely]] {
    end_child_with_rest();
  } else {
    leave_scope();
  }
}

void TaskPromise<void>::end_child_with_rest() noexcept {
  if (is_root()) {
    context().reactor().root_ended(room_.context);
    std::destroy_at(&room_.context);
    return;
  }
  room_.context.drop_rest();
  leave_scope();
}

void report_never_awaited(std::source_location site) noexcept {
  std::fprintf(stderr, "coil: a task was dropped without being awaited: %s (%s:%u)\n",
               site.function_name(), site.file_name(), static_cast<unsigned>(site.line()));
}

}  // namespace detail

}  // namespace coil
