// Deferred: the loop that runs a chain, cancelling it, dropping it, and unhandled failures.
#include <coil/runtime/deferred.h>
#include <coil/runtime/detail/watched_inputs.h>

#include <absl/cleanup/cleanup.h>

#include <cstdio>
#include <vector>

namespace coil {

namespace {

void report_to_standard_error(const Failure& failure, std::source_location site) {
  std::fprintf(stderr, "coil: unhandled failure in a Deferred made at %s:%u: %s\n",
               site.file_name(), static_cast<unsigned>(site.line()),
               failure.getErrorMessage().c_str());
}

UnhandledFailureSink& unhandled_sink() {
  static thread_local UnhandledFailureSink sink = &report_to_standard_error;
  return sink;
}

}  // namespace

UnhandledFailureSink set_unhandled_failure_sink(UnhandledFailureSink sink) {
  if (!sink) sink = &report_to_standard_error;
  return std::exchange(unhandled_sink(), std::move(sink));
}

namespace detail {

namespace {

// The links that lost their last owner while another one was being destroyed.
thread_local DeferredLinkBase* dead = nullptr;
thread_local bool burying = false;

}  // namespace

void DeferredLinkBase::drop_owner() noexcept {
  if (--owners_ != 0) return;
  next_dead_ = std::exchange(dead, this);
  if (burying) return;
  burying = true;
  while (DeferredLinkBase* link = dead) {
    dead = link->next_dead_;
    delete link;
  }
  burying = false;
}

// The link that a step hands its result to runs before the rest of the link it came from, as if it
// had been called; but on this stack of pointers, so that no chain is too long.
void DeferredLinkBase::run() {
  if (!can_step()) return;
  std::vector<DeferredLinkBase*> stack;
  add_owner();
  stack.push_back(this);
  running_ = true;
  while (!stack.empty()) {
    DeferredLinkBase* link = stack.back();
    DeferredLinkBase* next = nullptr;
    if (link->paused_ != 0 || !link->run_step(next)) {
      link->running_ = false;
      stack.pop_back();
      link->drop_owner();
      continue;
    }
    if (next == nullptr) continue;
    if (next->can_step()) {
      next->running_ = true;
      stack.push_back(next);
    } else {
      next->drop_owner();
    }
  }
}

DeferredLinkBase* DeferredLinkBase::origin() noexcept {
  DeferredLinkBase* link = this;
  while (DeferredLinkBase* other = link->upstream_ != nullptr ? link->upstream_ : link->inner_) {
    link = other;
  }
  return link;
}

void DeferredLinkBase::cancel() {
  DeferredLinkBase* const link = origin();
  if (link->called_ && !std::exchange(link->orphaned_, false)) return;
  link->add_owner();  // The canceller may drop whatever else owns it.
  const absl::Cleanup drop = [link] { link->drop_owner(); };
  if (link->called_) {
    link->fire_cancelled();
    return;
  }
  if (!link->run_canceller()) link->late_allowed_ = !link->cancelled_later_;
  if (!link->called_ && !link->cancelled_later_) link->fire_cancelled();
}

bool WatchedInputs::cancel_all() noexcept {
  bool later = false;
  // Cancelling one may end others.
  for (std::size_t index = 0; index < inputs_.size(); ++index) {
    DeferredLinkBase* input = inputs_[index];
    if (input == nullptr) continue;
    input->add_owner();
    try {
      input->cancel();
      later = later || input->ends_later();
    } catch (...) {
      // One canceller's trouble must not keep the others from being asked: it is nobody's, and
      // reported so.
      static_cast<void>(fail<void>(Failure::current()));
    }
    input->drop_owner();
  }
  return later;
}

void DeferredLinkBase::check_unhandled(const Failure& failure) const noexcept {
  try {
    unhandled_sink()(failure, site_);
  } catch (...) {
    report_to_standard_error(failure, site_);
  }
}

}  // namespace detail
}  // namespace coil
