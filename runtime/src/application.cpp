// The start and the stop of an application as the reactor's own events.
#include <coil/runtime/application.h>

#include <coil/runtime/reactor.h>
#include <coil/runtime/sleep.h>

#include <csignal>
#include <cstdio>
#include <utility>

namespace coil {

namespace {

// One run of an application; its tasks share it, since a stop that is forced parks them.
class ApplicationRun {
 public:
  ApplicationRun(std::shared_ptr<MultiService> services, std::optional<Trigger> drop)
      : services_(std::move(services)), drop_(std::move(drop)) {}

  static void begin(const std::shared_ptr<ApplicationRun>& self, Reactor& reactor) {
    self->started_ = Deferred<void>::fromCoroutine(reactor, start(self));
    self->started_.addErrback([self, &reactor](const Failure& failure) {
      if (failure.check<CancelledError>()) return;  // It was stopped before it had started.
      self->fail(reactor, "start", failure);
      if (reactor.can_stop()) reactor.stop();
    });
  }
  static Task<void> end(std::shared_ptr<ApplicationRun> self, Reactor& reactor) {
    (co_await current_context()).set_name("stop of the services");
    self->started_.cancel();
    co_await self->started_;
    try {
      co_await self->services_->stopService();
    } catch (const Cancelled&) {
      throw;
    } catch (...) {
      self->fail(reactor, "stop", Failure::current());
    }
  }
  int status() const noexcept { return failed_ ? 1 : 0; }

 private:
  static Task<void> start(std::shared_ptr<ApplicationRun> self) {
    (co_await current_context()).set_name("start of the services");
    co_await self->services_->privilegedStartService();
    if (self->drop_) {
      if (std::optional<Task<void>> work = (*self->drop_)()) co_await std::move(*work);
    }
    co_await self->services_->startService();
  }
  void fail(Reactor& reactor, const char* step, const Failure& failure) {
    failed_ = true;
    reactor.log(LogRecord(LogLevel::error,
                          "the application '" + services_->name() + "' failed to " + step + ": " +
                              failure.getErrorMessage(),
                          failure));
  }

  const std::shared_ptr<MultiService> services_;
  std::optional<Trigger> drop_;
  Deferred<void> started_ = succeed();
  bool failed_ = false;
};

}  // namespace

Application::Application(std::string name)
    : services_(std::make_shared<MultiService>(std::move(name))) {}

int Application::run(Reactor& reactor) {
  const auto state = std::make_shared<ApplicationRun>(services_, std::exchange(drop_, {}));
  reactor.addSystemEventTrigger(Phase::before, "shutdown",
                                [state, &reactor] { return ApplicationRun::end(state, reactor); });
  reactor.callWhenRunning([state, &reactor] { ApplicationRun::begin(state, reactor); });
  reactor.run();
  return state->status();
}

int run_application(Reactor& reactor, Application& application) {
  const int status = application.run(reactor);
  if (reactor.last_stop().forced() != 0) {
    reactor.log(LogRecord(LogLevel::warning, reactor.last_stop().text()));
  }
  raise_exit_signal(reactor.exit_signal());
  return status;
}

void raise_exit_signal(int number) {
  if (number == 0) return;
  std::fflush(nullptr);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace coil
