// The tree of strands, and how a request for cancellation walks it.
#include <coil/runtime/task_context.h>

#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstdio>

namespace coil {

TaskContext::TaskContext(Reactor& reactor, std::string_view name,
                         std::source_location site) noexcept
    : reactor_(&reactor), site_(site) {
  set_name(name);
  reactor.roots_.push_back(*this);
}

TaskContext::TaskContext(TaskContext& parent, Scope scope) noexcept
    : reactor_(parent.reactor_),
      parent_(&parent),
      locals_(parent.locals_),
      name_(parent.name_),
      site_(parent.site_),
      name_size_(parent.name_size_),
      cancel_requested_(scope == Scope::inherited && parent.cancel_requested_),
      shielded_(scope == Scope::shielded) {
  parent.children_.push_back(*this);
}

TaskContext::~TaskContext() {
  if (!children_.empty()) contract_violation("a task scope ended before the tasks inside it");
  ListHook& hook = static_cast<detail::TaggedHook<detail::SiblingTag>&>(*this);
  hook.unlink();
}

void TaskContext::set_name(std::string_view name) noexcept {
  name_ = name.data() == nullptr ? "" : name.data();
  name_size_ = static_cast<std::uint32_t>(name.size());
}

void TaskContext::request_cancel_here() noexcept {
  if (cancel_requested_) return;
  cancel_requested_ = true;
  if (leaf_ != nullptr && leaf_->waiting()) leaf_->cancel_(*leaf_);
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
  cancelled_ = true;
  context_->reactor().ready(*this);
}

namespace detail {

void report_never_awaited(std::source_location site) noexcept {
  std::fprintf(stderr, "coil: a task was dropped without being awaited: %s (%s:%u)\n",
               site.function_name(), site.file_name(), static_cast<unsigned>(site.line()));
}

}  // namespace detail

}  // namespace coil
