// Deferred: the loop that runs a chain, cancelling it, dropping it, and unhandled failures.
#include <coil/runtime/deferred.h>
#include <coil/runtime/detail/watched_inputs.h>

#include <absl/cleanup/cleanup.h>

#include <cstdio>
#include <utility>

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
  below_ = std::exchange(dead, this);
  if (burying) return;
  burying = true;
  while (DeferredLinkBase* link = dead) {
    dead = link->below_;
    delete link;
  }
  burying = false;
}

// The link that a step hands its result to runs before the rest of the link it came from, as if it
// had been called; but on a stack of links, so that no chain is too long.
void DeferredLinkBase::run() {
  if (!can_step()) return;
  add_owner();
  running_ = true;
  below_ = nullptr;
  DeferredLinkBase* top = this;
  while (top != nullptr) {
    DeferredLinkBase* next = nullptr;
    if (top->paused_ != 0 || !top->run_step(next)) {
      top->running_ = false;
      DeferredLinkBase* const ended = std::exchange(top, top->below_);
      ended->drop_owner();
      continue;
    }
    if (next == nullptr) continue;
    if (next->can_step()) {
      next->running_ = true;
      next->below_ = std::exchange(top, next);
    } else {
      next->drop_owner();
    }
  }
}

// A link without owners is about to be destroyed, and tells the others then.
DeferredLinkBase* DeferredLinkBase::origin() noexcept {
  DeferredLinkBase* link = this;
  for (;;) {
    DeferredLinkBase* const other = link->upstream_ != nullptr ? link->upstream_ : link->inner_;
    if (other == nullptr || other->owners_ == 0) return link;
    link = other;
  }
}

bool DeferredLinkBase::cancel() {
  DeferredLinkBase* const link = origin();
  const bool orphaned = link->called_ && std::exchange(link->orphaned_, false);
  if (link->called_ && !orphaned) return false;
  // The canceller and the callbacks may drop whatever else owns them.
  add_owner();
  const absl::Cleanup drop = [this] { drop_owner(); };
  link->add_owner();
  const absl::Cleanup drop_link = [link] { link->drop_owner(); };
  if (!link->called_ && !link->run_canceller()) link->late_allowed_ = !link->cancelled_later_;
  if (orphaned || (!link->called_ && !link->cancelled_later_)) link->fire_cancelled();
  return !origin()->called_;
}

bool DeferredLinkBase::cancel_quietly() noexcept {
  try {
    return cancel();
  } catch (...) {
    static_cast<void>(fail<void>(Failure::current()));
    return false;
  }
}

// One that has not come to an end and is not going to keeps nobody waiting for the others.
bool WatchedInputs::cancel_all() noexcept {
  bool later = false;
  bool stuck = false;
  // Cancelling one may end others.
  for (std::size_t index = 0; index < inputs_.size(); ++index) {
    DeferredLinkBase* input = inputs_[index];
    if (input == nullptr) continue;
    input->add_owner();
    const bool ends_later = input->cancel_quietly();
    input->drop_owner();
    later = later || ends_later;
    stuck = stuck || (!ends_later && inputs_[index] != nullptr);
  }
  return later && !stuck;
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
