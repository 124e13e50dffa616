// Starting and stopping: system events, the drain and its account.
#include "reactor_core.h"

#include <coil/runtime/detail/outside_work.h>
#include <coil/runtime/detail/root_task.h>

#include <cstdio>
#include <utility>

namespace coil {

namespace {

// What a forced stop leaves to tasks that have only just been asked to end, so that those that
// need no more than a few turns do so in order.
constexpr Duration forced_patience = std::chrono::milliseconds(100);

bool nothing_outside(const Reactor& reactor) {
  const std::shared_ptr<detail::OutsideWork> outside = reactor.find<detail::OutsideWork>();
  return outside == nullptr || outside->idle();
}

void leave_outside(const Reactor& reactor, StopReport& report) {
  if (nothing_outside(reactor)) return;
  reactor.find<detail::OutsideWork>()->leave(report);
}

}  // namespace

void Reactor::run() {
  if (in_turns_) throw ReactorAlreadyRunning("run: the reactor is running already");
  if (state_ == State::stopped) {
    throw ReactorNotRestartable("run: a reactor that was stopped cannot be run again");
  }
  begin_turns();
  state_ = State::starting;
  stop_asked_ = false;
  core_->exit_signal = 0;
  core_->forced = false;
  core_->events.fire_before("startup", [this] {
    if (state_ != State::starting) return;
    state_ = State::running;
    running_ = true;
    core_->signals.begin_stops();
    core_->events.fire_phase("startup", Phase::during);
    core_->events.fire_phase("startup", Phase::after);
  });
  while (!leave_) turn(TimePoint::max());
  core_->signals.end_stops();
  end_turns();
}

bool Reactor::can_stop() const noexcept {
  if (state_ == State::idle) return in_turns_;
  return !stop_asked_ && (state_ == State::starting || state_ == State::running);
}

void Reactor::stop() {
  if (!can_stop()) {
    throw ReactorNotRunning("stop: the reactor is not running, or is being stopped already");
  }
  if (state_ == State::idle) {
    leave();  // Inside turn_until: its owner cleans up.
  } else {
    stop_asked_ = true;
  }
}

void Reactor::crash() {
  leave();
  running_ = false;
  stop_asked_ = false;
  if (state_ != State::stopped) state_ = State::idle;
}

int Reactor::exit_signal() const noexcept { return core_->exit_signal; }

std::optional<TriggerId> Reactor::callWhenRunning(Callback call) {
  if (running_) {
    std::move(call)();
    return std::nullopt;
  }
  auto once = [call = std::move(call)]() mutable { std::move(call)(); };
  return core_->events.add(Phase::after, "startup", Trigger(std::move(once)));
}

TriggerId Reactor::addSystemEventTrigger(Phase phase, std::string_view event, Trigger trigger) {
  return core_->events.add(phase, event, std::move(trigger));
}

void Reactor::removeSystemEventTrigger(TriggerId id) { core_->events.remove(id); }

void Reactor::fireSystemEvent(std::string_view event) {
  const std::string name(event);
  core_->events.fire_before(name, [this, name] {
    core_->events.fire_phase(name, Phase::during);
    core_->events.fire_phase(name, Phase::after);
  });
}

void Reactor::set_stop_on_signals(bool stop) noexcept { core_->signals.set_stops(stop); }

void Reactor::take_exit_signal(int number) noexcept {
  stop_asked_ = true;
  // Told twice: whoever tells will not wait for anybody.
  if (std::exchange(core_->exit_signal, number) != 0) force();
}

void Reactor::advance_stop() {
  if (core_->signals.due()) {
    core_->signals.deliver([this](int number) { take_exit_signal(number); });
  }
  if (stop_asked_ && (state_ == State::starting || state_ == State::running)) begin_stop();
  if (state_ == State::stopping && (core_->before_done || core_->forced)) begin_drain();
  if (state_ == State::draining && drained()) finish_stop();
}

void Reactor::begin_stop() {
  state_ = State::stopping;
  core_->before_done = false;
  last_stop_ = StopReport();
  core_->account.begin();
  for_each_root([&](TaskContext& root) { core_->account.note_started(root, last_stop_); });
  // The trigger that ends last tells so from inside its task, which has still to end.
  core_->events.fire_before("shutdown", [this] { core_->before_done = true; });
}

void Reactor::begin_drain() {
  state_ = State::draining;
  core_->account.note_asked();
  forget_time();
  const Duration patience = core_->forced ? forced_patience : stop_deadline_;
  core_->drain_until = patience > TimePoint::max() - now() ? TimePoint::max() : now() + patience;
  core_->drain_turn = counters_.turns;
  core_->watches.disconnect_all();
  for_each_root([](TaskContext& root) { root.cancel(); });
  handles_.for_each([&](HandleSlot& slot) {
    if (slot.kind() != HandleKind::listener) return;
    ++last_stop_.listeners_closed;
    handles_.close(slot.id());
  });
  callLater(patience, [] {});  // Ends the wait in which the deadline passes.
}

bool Reactor::drained() noexcept {
  // What came of work outside was posted before that was idle, and is delivered before the end.
  if (roots_.empty() && ready_.empty() && handles_.closing() == 0 && nothing_outside(*this) &&
      core_->posted.empty()) {
    return true;
  }
  // However short the time, who was cancelled has one turn to end in.
  if (counters_.turns == core_->drain_turn) return false;
  forget_time();
  return now() >= core_->drain_until;
}

void Reactor::force_stop() {
  if (!stop_under_way()) throw ReactorNotRunning("force_stop: no stop is under way");
  force();
}

void Reactor::force() noexcept {
  core_->forced = true;
  if (state_ == State::draining) core_->drain_until = TimePoint::min();
}

// A root that begins while the others are asked to end is asked as well.
void Reactor::root_started(TaskContext& root) noexcept {
  if (!stop_under_way()) return;
  core_->account.note_started(root, last_stop_);
  if (state_ == State::draining) root.cancel();
}

void Reactor::note_ended(const TaskContext& root) noexcept {
  core_->account.note_ended(root, last_stop_);
}

void Reactor::finish_stop() {
  state_ = State::stopped;
  for_each_root([&](TaskContext& root) { core_->account.note_forced(root, last_stop_); });
  leave_outside(*this, last_stop_);
  core_->account.end(last_stop_);
  core_->events.fire_phase("shutdown", Phase::during);
  running_ = false;
  core_->events.fire_phase("shutdown", Phase::after);
  leave();
}

void Reactor::shut_down() noexcept {
  if (in_turns_) contract_violation("a reactor was destroyed while it was running");
  // Whoever was parked has been waited for already.
  const Duration patience =
      last_stop_.forced() == 0 ? stop_deadline_ : std::min(stop_deadline_, forced_patience);
  const TimePoint clock = read_clock();
  const TimePoint give_up =
      patience > TimePoint::max() - clock ? TimePoint::max() : clock + patience;
  in_turns_ = true;
  // However short the time, there is a turn to begin in, for who has not, and one to end in.
  for (int turns = 0;; ++turns) {
    leave_ = false;
    for_each_root([](TaskContext& root) { root.cancel(); });
    const bool nobody = roots_.empty() && ready_.empty() && nothing_outside(*this);
    if (nobody || (turns >= 2 && read_clock() >= give_up)) break;
    turn(std::min(give_up, read_clock() + std::chrono::milliseconds(10)));
  }
  in_turns_ = false;
  for_each_root([&](TaskContext& root) {
    log(LogRecord(LogLevel::warning,
                  "a task did not end with its reactor: " + std::string(root.name())));
  });
  StopReport left;
  leave_outside(*this, left);
  for (const StoppedTasks& work : left.tasks) {
    log(LogRecord(LogLevel::warning, "it did not end with its reactor: " + work.text()));
  }
  core_->signals.close();
  core_->posted.deliver_all(nullptr);
  core_->ended = true;
  while (!core_->installed.empty()) {
    const auto last = std::move(core_->installed.back());  // Its end may look for the others.
    core_->installed.pop_back();
  }
  core_->posted.deliver_all(nullptr);  // What came before the last link was closed.
  handles_.for_each([&](HandleSlot& slot) { handles_.close(slot.id()); });
  finish_closings();
  for (TimerNode* node : queued_timers()) {
    timers().remove(*node);
    DelayedCall::drop_queued(*node);
  }
}

void log_to_standard_error(const LogRecord& record) {
  std::fprintf(stderr, "coil: %s\n", record.text().c_str());
}

}  // namespace coil
