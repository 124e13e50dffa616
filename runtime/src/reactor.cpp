// The loop: one turn, what it runs and in which order.
#include "reactor_core.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

namespace coil {

namespace {

constexpr std::size_t pool_buffers = 64;
constexpr std::size_t pool_buffer_bytes = 64 * 1024;

std::atomic<int> reactors_alive{0};

}  // namespace

Reactor::Reactor()
    : ReactorTime(TimePoint()),
      buffers_(pool_buffers, pool_buffer_bytes),
      handles_(*this),
      core_(std::make_unique<Core>(*this)) {
  ++reactors_alive;
}

Reactor::~Reactor() { --reactors_alive; }

int Reactor::alive() noexcept { return reactors_alive; }

TimePoint Reactor::now() const noexcept {
  if (delay_base_ == TimePoint()) delay_base_ = now_ = std::max(now_, read_clock());
  return now_;
}

TimePoint Reactor::renew_delay_base() noexcept {
  if (delay_base_ == TimePoint()) return now();
  return delay_base_ = std::max(delay_base_, read_clock());
}

TimePoint Reactor::next_deadline() const {
  if (!ready_.empty() || !core_->posted.empty()) return now();
  return timers().next_due().value_or(TimePoint::max());
}

bool Reactor::isInIOThread() const noexcept {
  return std::this_thread::get_id() == core_->thread.load(std::memory_order_relaxed);
}

void Reactor::require_no_turns() const {
  if (in_turns_) throw ReactorAlreadyRunning("the reactor is running already: it cannot be nested");
}

void Reactor::begin_turns() {
  require_no_turns();
  core_->thread.store(std::this_thread::get_id(), std::memory_order_relaxed);
  in_turns_ = true;
  leave_ = false;
}

// The next turn may be long in coming.
void Reactor::end_turns() noexcept {
  submit_queued();
  in_turns_ = false;
}

void Reactor::iterate(Duration at_most) {
  begin_turns();
  forget_time();
  const TimePoint start = now();
  turn(at_most > TimePoint::max() - start ? TimePoint::max() : start + at_most);
  end_turns();
}

// One turn. Waiting comes first, so that whoever turns the loop can look at its own condition
// right after things have run.
void Reactor::turn(TimePoint until) {
  turning_ = true;
  ++counters_.turns;
  TimePoint limit = until;
  const bool stop_is_due = stop_asked_ && (state_ == State::starting || state_ == State::running);
  if (!ready_.empty() || stop_is_due) {
    limit = TimePoint::min();
  } else if (const std::optional<TimePoint> due = timers().next_due()) {
    limit = std::min(limit, *due);
  }
  if (limit != TimePoint::min() && !core_->posted.may_sleep()) limit = TimePoint::min();
  wait(limit);
  core_->posted.awake();
  forget_time();
  run_inbox();
  run_timers();
  allow_resumptions(leave_ ? 0 : resumptions_per_turn_max);
  run_ready();
  deliver_all();
  advance_stop();
  forget_time();
  turning_ = false;
}

void Reactor::run_inbox() noexcept {
  core_->posted.deliver_all(this);
  core_->call_nodes.settle();
}

void Reactor::run_timers() noexcept {
  detail::TimerQueue& timers = this->timers();
  if (timers.empty()) return;
  forget_time();
  timers.collect(now());
  while (TimerNode* node = timers.pop_due()) {
    forget_time();
    node->fire(*node);
    if (leave_) return;
  }
}

void Reactor::run_start() {
  detail::ListHook& hook = ready_.pop_start();
  begin_resumption();
  detail::resume_from_loop(detail::TaskPromise<void>::begin_child(hook));
}

bool Reactor::begin(Operation& op, HandleSlot& slot) noexcept {
  const Attempt result = do_submit(op, slot);
  return result ? answer(op, slot, *result) : pend(op, slot);
}

void Reactor::expire(Suspension& waiter) noexcept {
  make_ready(waiter);
  ++counters_.resumptions;
  resume(waiter);
}

void Reactor::start(Suspension& suspension, TaskContext& context,
                    std::coroutine_handle<> what) noexcept {
  suspension.enter_uncancellable(context, what);
  ready(suspension);
}

void Reactor::callFromThread(Callback call) {
  if (core_->posted.push(core_->call_nodes.fill(std::move(call)))) wake();
}

void Reactor::callFromThread(ResumeNode& node) noexcept {
  if (core_->posted.push(node)) wake();
}

void ResumeNode::deliver(InboxNode& node, Reactor* reactor) noexcept {
  auto& self = static_cast<ResumeNode&>(node);
  self.failed_ = reactor == nullptr;
  self.delivered_ = true;
  if (self.waiting()) self.context().reactor().ready(self);
}

void Reactor::addReader(std::shared_ptr<ReadDescriptor> reader) {
  core_->watches.add(std::move(reader));
}
void Reactor::addWriter(std::shared_ptr<WriteDescriptor> writer) {
  core_->watches.add(std::move(writer));
}
void Reactor::removeReader(ReadDescriptor& reader) { core_->watches.remove(reader); }
void Reactor::removeWriter(WriteDescriptor& writer) { core_->watches.remove(writer); }
std::vector<std::shared_ptr<ReadDescriptor>> Reactor::getReaders() const {
  return core_->watches.readers();
}
std::vector<std::shared_ptr<WriteDescriptor>> Reactor::getWriters() const {
  return core_->watches.writers();
}
std::vector<std::shared_ptr<FileDescriptor>> Reactor::removeAll() {
  return core_->watches.remove_all();
}

void Reactor::install_erased(std::type_index type, std::shared_ptr<void> object) {
  auto& installed = core_->installed;
  std::erase_if(installed, [&](const auto& entry) { return entry.first == type; });
  installed.emplace_back(type, std::move(object));
}

std::shared_ptr<void> Reactor::find_erased(std::type_index type) const {
  for (const auto& [key, object] : core_->installed) {
    if (key == type) return object;
  }
  return nullptr;
}

void Reactor::set_log_sink(LogSink sink) { core_->log_sink = std::move(sink); }

void Reactor::log(const LogRecord& record) noexcept {
  try {
    if (core_->log_sink) {
      core_->log_sink(record);
    } else {
      log_to_standard_error(record);
    }
  } catch (...) {
    log_to_standard_error(LogRecord(LogLevel::error, "a log sink threw an exception"));
  }
}

void Reactor::log_current(std::string_view where) noexcept {
  Failure failure = Failure::current();
  std::string text = std::string(where) + ": " + failure.getErrorMessage();
  log(LogRecord(LogLevel::error, std::move(text), std::move(failure)));
}

}  // namespace coil
