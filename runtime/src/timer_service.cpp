// The loop of a timer service, which may outlive the service that was dropped.
#include <coil/runtime/timer_service.h>

#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/event.h>
#include <coil/runtime/sleep.h>
#include <coil/runtime/when_any.h>

#include <absl/cleanup/cleanup.h>

#include <stdexcept>
#include <utility>

namespace coil {

// The calls between one start and the stop that follows.
class TimerService::Calls {
 public:
  Calls(const std::string& name, Duration step, std::shared_ptr<Trigger> call)
      : name_("timer service " + name), step_(step), call_(std::move(call)) {}

  static Task<void> run(std::shared_ptr<Calls> self) {
    const absl::Cleanup tell = [&] { self->ended_.set(); };
    TaskContext& strand = co_await current_context();
    strand.set_name(self->name_);
    const absl::Cleanup forget_name = [&] { strand.set_name("timer service"); };
    try {
      co_await self->repeat(strand.reactor());
    } catch (const Cancelled&) {
      throw;
    } catch (...) {
      strand.reactor().log_current(self->name_ + " ended");
    }
  }
  void ask_to_stop() noexcept { stop_.set(); }
  Event::Wait wait() noexcept { return ended_.wait(); }

 private:
  Task<void> repeat(Reactor& reactor) {
    const TimePoint start = reactor.now();
    while (!stop_.is_set()) {
      if (std::optional<Task<void>> work = (*call_)()) co_await std::move(*work);
      const TimePoint due = next(start, reactor.now());
      static_cast<void>(co_await when_any(sleep_until(due), stop_.wait()));
    }
  }
  // The first moment of the grid that lies ahead.
  TimePoint next(TimePoint start, TimePoint now) const {
    if (step_ == Duration::zero()) return now;
    return detail::saturating_add(start, ((now - start) / step_ + 1) * step_);
  }

  const std::string name_;
  const Duration step_;
  const std::shared_ptr<Trigger> call_;
  Event stop_;
  Event ended_;
};

TimerService::TimerService(Duration step, Trigger call)
    : step_(step), call_(std::make_shared<Trigger>(std::move(call))) {
  if (step < Duration::zero()) {
    throw std::invalid_argument("TimerService: the step between two calls is negative");
  }
}

TimerService::~TimerService() {
  if (calls_) calls_->ask_to_stop();
}

Task<void> TimerService::startService() {
  co_await Service::startService();
  if (calls_) co_return;
  calls_ = std::make_shared<Calls>(name(), step_, call_);
  Reactor& reactor = co_await current_reactor();
  detail::start_root<"timer service">(reactor, Calls::run(calls_));
}

Task<void> TimerService::stopService() {
  co_await Service::stopService();
  const std::shared_ptr<Calls> calls = std::exchange(calls_, nullptr);
  if (!calls) co_return;
  calls->ask_to_stop();
  co_await calls->wait();
}

}  // namespace coil
