// Starting and stopping: system events, the drain and its account.
#include "reactor_core.h"
#include "signal_relay.h"

#include <coil/runtime/detail/root_task.h>

#include <cstdio>

namespace coil {

void Reactor::run() {
  if (in_turns_) throw ReactorAlreadyRunning("run: the reactor is running already");
  if (state_ == State::stopped) {
    throw ReactorNotRestartable("run: a reactor that was stopped cannot be run again");
  }
  begin_turns();
  state_ = State::starting;
  stop_asked_ = false;
  core_->exit_signal = 0;
  core_->events.fire_before("startup", [this] {
    if (state_ != State::starting) return;
    state_ = State::running;
    running_ = true;
    core_->has_signals = detail::SignalRelay::acquire(*this);
    core_->events.fire_phase("startup", Phase::during);
    core_->events.fire_phase("startup", Phase::after);
  });
  while (!leave_) turn(TimePoint::max());
  if (core_->has_signals) detail::SignalRelay::release(*this);
  core_->has_signals = false;
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
    leave_ = true;  // Inside turn_until: its owner cleans up.
  } else {
    stop_asked_ = true;
  }
}

void Reactor::crash() {
  leave_ = true;
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

void Reactor::advance_stop() {
  if (core_->has_signals) {
    if (const int number = detail::SignalRelay::take(*this)) {
      core_->exit_signal = number;
      if (!stop_asked_) {
        stop_asked_ = true;
      } else {
        crash();  // Asked twice: whoever asks will not wait for anybody.
      }
    }
  }
  if (stop_asked_ && (state_ == State::starting || state_ == State::running)) {
    state_ = State::stopping;
    core_->events.fire_before("shutdown", [this] { begin_drain(); });
  }
  if (state_ == State::draining && drained()) finish_stop();
}

void Reactor::begin_drain() {
  if (state_ != State::stopping) return;
  state_ = State::draining;
  last_stop_ = StopReport();
  now_stale_ = true;
  core_->drain_until = now() + stop_deadline_;
  core_->watches.disconnect_all();
  for_each_root([&](TaskContext& root) {
    ++last_stop_.cancelled;
    root.cancel();
  });
  handles_.for_each([&](HandleSlot& slot) {
    if (slot.kind() == HandleKind::listener) handles_.close(slot.id());
  });
  callLater(stop_deadline_, [] {});  // Ends the wait in which the deadline passes.
}

bool Reactor::drained() noexcept {
  if (roots_.empty() && ready_.empty() && handles_.closing() == 0) return true;
  // Roots that were started while draining are asked as well.
  for_each_root([](TaskContext& root) { root.cancel(); });
  now_stale_ = true;
  return now() >= core_->drain_until;
}

void Reactor::finish_stop() {
  for_each_root([&](TaskContext& root) {
    const std::source_location site = root.site();
    last_stop_.forced.push_back(std::string(root.name()) + " (" + site.file_name() + ":" +
                                std::to_string(site.line()) + ")");
  });
  core_->events.fire_phase("shutdown", Phase::during);
  running_ = false;
  core_->events.fire_phase("shutdown", Phase::after);
  state_ = State::stopped;
  leave_ = true;
}

void Reactor::shut_down() noexcept {
  if (in_turns_) contract_violation("a reactor was destroyed while it was running");
  const TimePoint give_up = read_clock() + stop_deadline_;
  in_turns_ = true;
  for (;;) {
    leave_ = false;
    for_each_root([](TaskContext& root) { root.cancel(); });
    if ((roots_.empty() && ready_.empty()) || read_clock() >= give_up) break;
    turn(std::min(give_up, read_clock() + std::chrono::milliseconds(10)));
  }
  in_turns_ = false;
  for_each_root([&](TaskContext& root) {
    log(LogRecord(LogLevel::warning,
                  "a task did not end with its reactor: " + std::string(root.name())));
  });
  core_->posted.deliver_all(nullptr);
  while (!core_->installed.empty()) core_->installed.pop_back();
  handles_.for_each([&](HandleSlot& slot) { handles_.close(slot.id()); });
  finish_closings();
  for (TimerNode* node : queued_timers()) {
    core_->timers.remove(*node);
    DelayedCall::drop_queued(*node);
  }
}

void log_to_standard_error(const LogRecord& record) {
  std::fprintf(stderr, "coil: %s\n", record.text().c_str());
}

}  // namespace coil
