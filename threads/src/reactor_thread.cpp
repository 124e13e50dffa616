// The thread behind a ReactorThread: makes its reactor, runs it, lets it go.
#include <coil/threads/reactor_thread.h>

#include <coil/runtime/detail/thread_calls.h>
#include <coil/runtime/sleep.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace coil {

namespace {

// What the constructor waits for.
class Start {
 public:
  void done(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    done_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::exception_ptr failure_;
  bool done_ = false;
};

std::unique_ptr<Reactor> make(ReactorThreadOptions options) {
  detail::name_this_thread(options.name);
  if (options.core) detail::keep_this_thread_on(*options.core);
  std::unique_ptr<Reactor> reactor =
      options.make ? options.make() : make_reactor(std::move(options.reactor));
  reactor->set_stop_on_signals(false);
  return reactor;
}

// The reactor is made, run and destroyed on one thread; whoever calls in from another finds it
// there, or the door closed.
void live(ReactorThreadOptions options, detail::RemoteLoop& loop, Start& start) {
  std::unique_ptr<Reactor> reactor;
  try {
    reactor = make(std::move(options));
    loop.open(*reactor);
  } catch (...) {
    start.done(std::current_exception());
    return;
  }
  start.done(nullptr);  // `start` may be gone from here on.
  try {
    reactor->run();
  } catch (...) {
    loop.fail(std::current_exception());
  }
  loop.close();
  reactor.reset();
  loop.end();
}

}  // namespace

class ReactorThread::Running {
 public:
  Running(ReactorThreadOptions options, const std::shared_ptr<detail::RemoteLoop>& loop)
      : name(options.name) {
    Start start;
    thread_ = std::thread([&start, loop, options = std::move(options)]() mutable {
      live(std::move(options), *loop, start);
    });
    try {
      start.wait();
    } catch (...) {
      thread_.join();
      throw;
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() = default;

  void join() {
    if (!thread_.joinable()) return;
    if (thread_.get_id() == std::this_thread::get_id()) {
      contract_violation("a ReactorThread was joined, or destroyed, on its own thread");
    }
    thread_.join();
  }

  const std::string name;

 private:
  std::thread thread_;
};

ReactorThread::ReactorThread(ReactorThreadOptions options)
    : ReactorThread(std::move(options), std::make_shared<detail::RemoteLoop>()) {}

ReactorThread::ReactorThread(ReactorThreadOptions options, std::shared_ptr<detail::RemoteLoop> loop)
    : loop_(std::move(loop)), running_(std::make_unique<Running>(std::move(options), loop_)) {}

ReactorThread::ReactorThread(ReactorThread&&) noexcept = default;

ReactorThread::~ReactorThread() {
  if (running_ == nullptr) return;  // Moved from.
  stop();
  running_->join();
  const Failure failure = loop_->failure();
  if (!failure || loop_->failure_given()) return;
  log_to_standard_error(LogRecord(
      LogLevel::error, "the thread '" + running_->name + "' failed: " + failure.getErrorMessage()));
}

const std::string& ReactorThread::name() const noexcept { return running_->name; }

void ReactorThread::join() {
  running_->join();
  loop_->give_failure();
}

namespace detail {

Task<void> wait_for_end(std::shared_ptr<RemoteLoop> loop) {
  const auto call = std::make_shared<RemoteResult<void>>(loop);
  call->expect_on(co_await current_reactor());
  loop->finish_at_end(call);
  RemoteWait wait(*call, RemoteWait::Cancelling::leaves);
  co_await wait;
  loop->give_failure();
}

}  // namespace detail

}  // namespace coil
