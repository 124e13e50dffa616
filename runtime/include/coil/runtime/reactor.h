// Reactor: whatever finishes operations, and the loop that resumes who waited for them.
#pragma once

#include <coil/runtime/delayed_call.h>
#include <coil/runtime/detail/outgoing.h>
#include <coil/runtime/detail/promise_base.h>
#include <coil/runtime/detail/ready_list.h>
#include <coil/runtime/handle_table.h>
#include <coil/runtime/log.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/operation.h>
#include <coil/runtime/reactor_counters.h>
#include <coil/runtime/reactor_time.h>
#include <coil/runtime/resume_node.h>
#include <coil/runtime/socket_calls.h>
#include <coil/runtime/stop_report.h>
#include <coil/runtime/suspension.h>
#include <coil/runtime/trigger.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

namespace coil {

class FileDescriptor;
class ReadDescriptor;
class WriteDescriptor;

// Reactor: a loop of one thread; base of every backend.
//
// Example (tests/examples/reactor_example.cpp, "run and stop"):
//
//   std::unique_ptr<Reactor> reactor = make_reactor();
//   reactor->callLater(std::chrono::milliseconds(5), [&] { reactor->stop(); });
//   reactor->run();
//
// Requires:   Created, run and destroyed on one thread.
// Guarantees: Coroutines and callbacks run from the loop, one at a time. run() returns with nothing
//             in flight. What escapes a callback is logged, and the loop goes on.
// Errors:     ReactorAlreadyRunning, ReactorNotRunning, ReactorNotRestartable for calls in the
//             wrong state.
// Threads:    Reactor thread only, except callFromThread.
// Source:     Twisted's IReactorCore, IReactorTime, IReactorFromThreads and IReactorFDSet.
class Reactor : public ReactorTime {
 public:
  ~Reactor() override;

  // --- The loop ---

  // Fires `startup`, turns until stop() or crash(), fires `shutdown`. SIGINT and SIGTERM stop it,
  // and a second one forces the stop. What the program has of its own for SIGINT, a handler or that
  // it is ignored, is left alone; so is a signal while a SignalWatcher watches for it. One reactor
  // of the process has these signals at a time: the first that runs.
  void run();
  // Asks run() to end: `before shutdown` triggers are awaited, listeners close, root tasks are
  // cancelled and awaited until the deadline, and run() returns.
  //
  // Errors: ReactorNotRunning where can_stop() is false.
  void stop();
  // Lets the deadline of a stop that is under way pass: `before shutdown` triggers that have not
  // ended are cancelled, and what does not end at once is parked.
  //
  // Errors: ReactorNotRunning where no stop is under way.
  void force_stop();
  // True while there is something to stop: from the start of run() until a first stop() or exit
  // signal. For whoever may come second, as the errback of a task that a stop cancels.
  bool can_stop() const noexcept;
  // Ends run() at once, with no `shutdown` trigger; run() may be called again.
  void crash();
  // True from the `during startup` phase until the end of run(), also while it is being stopped.
  bool running() const noexcept { return running_; }
  // Makes one turn, waiting for at most `at_most`.
  void iterate(Duration at_most = Duration::zero());
  // True on the thread that turns the loop.
  bool isInIOThread() const noexcept;
  // How long stop() waits for root tasks that were cancelled; 10 s unless set.
  void set_stop_deadline(Duration deadline) noexcept { stop_deadline_ = deadline; }
  Duration stop_deadline() const noexcept { return stop_deadline_; }
  // What the stop that ended the last run() had to do; filled while it goes on.
  const StopReport& last_stop() const noexcept { return last_stop_; }
  // How many reactors this process has. Threads: Any thread.
  static int alive() noexcept;
  // The signal that ended the last run(), so that a runner can raise it again; 0 for none.
  int exit_signal() const noexcept;
  // Whether SIGINT and SIGTERM stop run(); true unless set. A run that is going on stays as it is.
  void set_stop_on_signals(bool stop) noexcept;

  // For a foreign loop: a descriptor that is readable when a turn has work, where there is one …
  virtual std::optional<NativeHandle> wait_handle() const { return std::nullopt; }
  // … and the time at which to turn it anyway.
  TimePoint next_deadline() const;

  // --- Events and calls ---

  // Calls at once when running; otherwise after startup, in the order of the calls here.
  std::optional<TriggerId> callWhenRunning(Callback call);
  TriggerId addSystemEventTrigger(Phase phase, std::string_view event, Trigger trigger);
  void removeSystemEventTrigger(TriggerId id);
  // Runs the triggers of an event; they are used up.
  void fireSystemEvent(std::string_view event);

  // Runs `call` on the reactor's thread in a coming turn, never inline; it may have run when this
  // returns.
  //
  // Requires: The reactor is there until this returns.
  // Threads:  Any thread.
  void callFromThread(Callback call);
  // Resumes the task that awaits `node`; allocates nothing.
  //
  // Threads: Any thread.
  void callFromThread(ResumeNode& node) noexcept;

  // --- Foreign descriptors ---

  void addReader(std::shared_ptr<ReadDescriptor> reader);
  void addWriter(std::shared_ptr<WriteDescriptor> writer);
  void removeReader(ReadDescriptor& reader);
  void removeWriter(WriteDescriptor& writer);
  std::vector<std::shared_ptr<ReadDescriptor>> getReaders() const;
  std::vector<std::shared_ptr<WriteDescriptor>> getWriters() const;
  // Removes every reader and writer, and gives each object once.
  std::vector<std::shared_ptr<FileDescriptor>> removeAll();

  // --- What the reactor is and lends ---

  virtual std::string_view name() const noexcept = 0;  // "io_uring", "epoll", "simulated"…
  // Which features are used, in a few words.
  virtual std::string description() const { return std::string(name()); }
  virtual SocketCalls& sockets() noexcept = 0;
  HandleTable& handles() noexcept { return handles_; }
  BufferPool& buffers() noexcept { return buffers_; }
  ReactorCounters counters() const noexcept {
    ReactorCounters now = counters_;
    now.resumptions -= static_cast<std::uint64_t>(resumptions_left_);
    return now;
  }
  TimePoint now() const noexcept final;

  // Lends an object to the modules above; slots are torn down in reverse order at the end.
  template <class T>
  void install(std::shared_ptr<T> object) {
    install_erased(std::type_index(typeid(T)), std::move(object));
  }
  template <class T>
  std::shared_ptr<T> find() const {
    return std::static_pointer_cast<T>(find_erased(std::type_index(typeid(T))));
  }

  void set_log_sink(LogSink sink);
  void log(const LogRecord& record) noexcept;
  // Logs the exception that is being handled.
  void log_current(std::string_view where) noexcept;

  // --- For awaiters and backends ---

  // Starts an operation: true if it is pending, false if it is complete already.
  bool submit(Operation& op) noexcept;
  // Asks for its early end; the completion still comes.
  void cancel(Operation& op) noexcept;
  // What the callback that runs has written so far; sent when it returns.
  detail::Outgoing& outgoing() noexcept { return outgoing_; }
  // Sends that message to a stream, at once or in one batch with what else goes to the kernel, and
  // begins the next one. The outcome: how many of its bytes were sent or wait in the batch, or an
  // error. What the batch could not carry is given back to `sender`; until then, or until
  // submit_queued(), `slot.in_batch` is set, and nothing else may be sent on the stream.
  //
  // Requires: The slot is not in the batch. The sender lives as long as the handle is open.
  virtual std::int64_t send_outgoing(HandleSlot& slot, detail::OutgoingSender& sender) noexcept;
  // Hands to the kernel what waits for the next turn's submission.
  virtual void submit_queued() noexcept {}
  // Puts a waiting suspension on the ready list; the loop resumes it.
  void ready(Suspension& suspension) noexcept {
    make_ready(suspension);
    ready_.push_suspension(suspension);
  }
  // Puts one there that never waited: it entered as ready.
  void yield(Suspension& suspension) noexcept { ready_.push_suspension(suspension); }
  // Starts a strand from the loop: like ready(), for something that never waited.
  void start(Suspension& suspension, TaskContext& context, std::coroutine_handle<> what) noexcept;
  // The same for a child, by its hook; see TaskPromise<void>.
  void start(detail::ListHook& child) noexcept { ready_.push_start(child); }
  // Charges one step that completes without waiting; false when the task has had its share of this
  // turn and must go through the ready list.
  bool spend_budget() noexcept { return --budget_ > 0; }
  // Completes a pending operation.
  void complete(Operation& op, std::int64_t outcome) noexcept;
  // The same for one that ends with its first completion.
  void complete_once(Operation& op, HandleSlot& slot, std::int64_t outcome) noexcept {
    if (!slot.in_flight.is_alone(op)) [[unlikely]] {
      complete_beside_others(op, slot, outcome);
    } else {
      slot.in_flight.remove(op);
      finish(op, slot, outcome);
    }
  }
  // Errors: ReactorAlreadyRunning from inside a turn, since turns do not nest.
  void require_no_turns() const;
  // Turns until `done()`; stop() or crash() end it early. What was closed is closed at its end.
  template <class Done>
  void turn_until(Done done) {
    begin_turns();
    while (!done() && !leave_turns()) turn(TimePoint::max());
    submit_queued();
    finish_closings();
    end_turns();
  }
  // Tells that a root strand is about to go, for the account of a stop.
  void root_ended(const TaskContext& root) noexcept {
    if (stop_under_way()) [[unlikely]]
      note_ended(root);
  }
  // Root strands that are alive, for owners that must see them and for the account of a stop.
  template <class Visit>
  void for_each_root(Visit visit) {
    roots_.for_each([&](TaskContext& root) { visit(root); });
  }

 protected:
  Reactor();

  // Carries an operation out: its outcome if that needed no wait (a receive that found data, an
  // error), or nothing if it is pending and complete() will be called.
  virtual Attempt do_submit(Operation& op, HandleSlot& slot) noexcept = 0;
  // Calls do_submit and does what follows from its answer: true if the operation is pending. A
  // backend overrides it to be quicker with what each message needs.
  virtual bool begin(Operation& op, HandleSlot& slot) noexcept;
  // What begin() ends with, if the operation has to wait …
  bool pend(Operation& op, HandleSlot& slot) noexcept {
    if (slot.in_flight.oldest(op.direction()) != nullptr) [[unlikely]]
      return pend_behind_others(op, slot);
    slot.in_flight.add(op);
    return true;
  }
  // … and if it came to something at once.
  bool answer(Operation& op, HandleSlot& slot, std::int64_t value) noexcept;
  // Asks for the early end of a pending operation; complete() follows, at once or later.
  virtual void do_cancel(Operation& op, HandleSlot& slot) noexcept = 0;
  // Waits until something has come or `until` has passed; returns at once if it has.
  virtual void wait(TimePoint until) noexcept = 0;
  // Completes what one of the things that have come is about; false when none is left. The loop
  // resumes whoever that concerns before it asks for the next, so that bytes are received right
  // before their task runs, into the buffer that is hottest. A backend may do everything in wait.
  virtual bool deliver() noexcept { return false; }
  // Delivers all, and resumes whom that concerns after each. A backend repeats these words to have
  // its deliver() inlined.
  virtual void deliver_all() noexcept {
    while (deliver()) run_ready();
  }
  // Resumes those who are ready, as far as this turn allows.
  void run_ready() noexcept;
  // Ends a wait early. Threads: Any thread, and signal handlers.
  virtual void wake() noexcept = 0;
  // Forgets a handle that nothing is in flight on, before it is closed.
  virtual void forget(HandleSlot& slot) noexcept = 0;
  // Asks for the end of what a backend has in flight on the handle of its own accord; it clears
  // `backend_busy` when that has ended, and calls finish_close_if_due.
  virtual void end_own_requests(HandleSlot&) noexcept {}
  [[gnu::noinline]] void finish_close_if_due(HandleSlot& slot) noexcept;
  virtual TimePoint read_clock() const noexcept = 0;
  // A clock that is cheap and may lag by milliseconds.
  TimePoint read_coarse_clock() const noexcept override { return read_clock(); }

  // Backends call this first thing in their destructor: cancels, drains and closes every handle.
  void shut_down() noexcept;

 private:
  friend class HandleTable;
  friend class TaskContext;
  friend class detail::SignalDesk;
  friend class detail::SignalPort;
  friend class detail::CallNodes;
  friend class detail::LoopLink;
  struct Core;
  enum class State : unsigned char { idle, starting, running, stopping, draining, stopped };
  static constexpr int budget_per_resumption = 128;
  static constexpr int resumptions_per_turn_max = 1024;

  TimePoint renew_delay_base() noexcept final;
  // Lets the time move on: it is read when somebody next asks.
  void forget_time() noexcept { delay_base_ = TimePoint(); }
  void expire(Suspension& waiter) noexcept override;
  void report_failed_call() noexcept override { log_current("a delayed call"); }

  void begin_turns();
  void end_turns() noexcept;
  bool leave_turns() const noexcept { return leave_; }
  void turn(TimePoint until);
  // Completes what comes within a short wait, and resumes nobody: these may run inside a call.
  void deliver_soon() noexcept;
  void finish_closings() noexcept;
  void quiet(HandleSlot& slot) noexcept;
  void run_inbox() noexcept;
  void run_timers() noexcept;
  void run_start();  // Not noexcept, so that the resumption can be a tail call.
  static void make_ready(Suspension& suspension) noexcept;
  void resume(Suspension& suspension) noexcept;
  void begin_resumption() noexcept;
  void allow_resumptions(int count) noexcept;
  void leave() noexcept;
  bool stop_under_way() const noexcept {
    return state_ == State::stopping || state_ == State::draining;
  }
  void root_started(TaskContext& root) noexcept;
  void note_ended(const TaskContext& root) noexcept;
  void take_exit_signal(int number) noexcept;
  void advance_stop();
  void force() noexcept;
  void begin_stop();
  void begin_drain();
  bool drained() noexcept;
  void finish_stop();
  void finish(Operation& op, HandleSlot& slot, std::int64_t outcome) noexcept;
  [[gnu::noinline]] void complete_beside_others(Operation& op, HandleSlot& slot,
                                                std::int64_t outcome) noexcept;
  [[gnu::noinline]] void complete_or_repeat(Operation& op, std::int64_t value) noexcept;
  void go_on(Operation& op, std::int64_t value) noexcept;
  void fail_accept(Operation& op, std::int64_t value) noexcept;
  [[gnu::noinline]] bool submit_unusual(Operation& op, HandleSlot* slot) noexcept;
  [[gnu::noinline]] bool pend_behind_others(Operation& op, HandleSlot& slot) noexcept;
  [[gnu::noinline]] bool submit_again(Operation& op, HandleSlot& slot, std::int64_t value) noexcept;
  bool finished_at_once(Operation& op, std::int64_t value) noexcept;
  Attempt settle(Operation& op, HandleSlot* slot) noexcept;
  Attempt repeat(Operation& op, HandleSlot& slot, std::int64_t value) noexcept;
  void park_accept(Operation& op) noexcept;
  void unpark_accepts() noexcept;
  void go_on_later(Operation& op) noexcept;
  void finish_sends() noexcept;
  void drain_handle(HandleSlot& slot) noexcept;
  void close_native(HandleSlot& slot) noexcept;
  void install_erased(std::type_index type, std::shared_ptr<void> object);
  std::shared_ptr<void> find_erased(std::type_index type) const;

  detail::ReadyList ready_;
  int budget_ = budget_per_resumption;
  int resumptions_left_ = 0;  // In this turn; none from the moment that it is to be the last.
  bool turning_ = false;      // Inside a call of turn().
  bool in_turns_ = false;     // Inside run, iterate or turn_until.
  bool leave_ = false;
  bool running_ = false;
  bool stop_asked_ = false;
  State state_ = State::idle;
  mutable TimePoint now_;
  ReactorCounters counters_;  // With every resumption that this turn may still make.
  BufferPool buffers_;
  detail::Outgoing outgoing_;
  HandleTable handles_;
  detail::IntrusiveList<TaskContext, detail::SiblingTag> roots_;
  Duration stop_deadline_ = std::chrono::seconds(10);
  StopReport last_stop_;
  std::unique_ptr<Core> core_;  // What the hot path does not touch.
};

}  // namespace coil

#include <coil/runtime/detail/loop.h>
