// Cooperator: whose unit is next, and how a piece of work ends.
#include <coil/runtime/cooperator.h>
#include <coil/runtime/detail/deferred_line.h>

#include <list>
#include <utility>

namespace coil {

namespace detail {

using WorkList = std::list<std::shared_ptr<CooperativeWork>>;

// The work that may go on, and the work that waits; both kinds end when the scheduler stops.
class CooperatorState final : public std::enable_shared_from_this<CooperatorState> {
 public:
  explicit CooperatorState(ReactorTime& time) noexcept : time_(time) {}

  void add(const std::shared_ptr<CooperativeWork>& work);
  void remove(CooperativeWork& work);
  void park(CooperativeWork& work) { move_to(parked_, work); }
  void unpark(CooperativeWork& work) { move_to(active_, work); }
  void start();
  void stop();
  bool stopped() const noexcept { return stopped_; }

  Duration slice = std::chrono::milliseconds(10);
  std::size_t units_max = 1000;

 private:
  void move_to(WorkList& list, CooperativeWork& work);
  void schedule();
  void tick();

  ReactorTime& time_;
  WorkList active_;
  WorkList parked_;
  DelayedCall tick_;
  bool stopped_ = false;
};

class CooperativeWork final : public std::enable_shared_from_this<CooperativeWork> {
 public:
  CooperativeWork(std::weak_ptr<CooperatorState> scheduler, WorkUnit unit,
                  std::source_location site) noexcept
      : scheduler_(std::move(scheduler)), unit_(std::move(unit)), site_(site) {}
  CooperativeWork(const CooperativeWork&) = delete;
  CooperativeWork& operator=(const CooperativeWork&) = delete;
  ~CooperativeWork() {
    if (unheard_) fail(failure_, site_);
  }

  Deferred<void> when_done();
  void pause();
  void resume();
  void stop();
  // Does one unit.
  void step();
  void scheduler_stopped() {
    if (end_ == End::not_yet) end(End::scheduler_stopped, Failure(stopped_error()));
  }

  // Where the scheduler has it, until it has ended.
  WorkList* list = nullptr;
  WorkList::iterator place;

 private:
  enum class End { not_yet, done, failed, stopped, scheduler_stopped };

  static SchedulerStopped stopped_error() { return SchedulerStopped("the Cooperator was stopped"); }
  void require_going_on() const;
  bool may_go_on() const noexcept { return pauses_ == 0 && !waits_; }
  void hold_back();
  void go_on();
  void end(End how, Failure failure);
  Result<void> waited(Result<void> result);

  std::weak_ptr<CooperatorState> scheduler_;
  WorkUnit unit_;
  std::source_location site_;
  std::size_t pauses_ = 0;
  bool waits_ = false;    // For the Deferred of its last unit.
  bool in_step_ = false;  // The unit must not be dropped.
  bool unheard_ = false;  // It failed and nobody was told.
  End end_ = End::not_yet;
  Failure failure_;
  DeferredLine<void> waiting_;
};

void CooperatorState::add(const std::shared_ptr<CooperativeWork>& work) {
  work->list = &active_;
  work->place = active_.insert(active_.end(), work);
  if (stopped_) {
    work->scheduler_stopped();
  } else {
    schedule();
  }
}

void CooperatorState::remove(CooperativeWork& work) {
  work.list->erase(work.place);
  schedule();
}

void CooperatorState::move_to(WorkList& list, CooperativeWork& work) {
  list.splice(list.end(), *work.list, work.place);
  work.list = &list;
  schedule();
}

void CooperatorState::start() {
  stopped_ = false;
  schedule();
}

void CooperatorState::stop() {
  const auto self = shared_from_this();
  stopped_ = true;
  WorkList all = active_;
  all.insert(all.end(), parked_.begin(), parked_.end());
  for (const auto& work : all) work->scheduler_stopped();
}

// Nothing is scheduled while nobody may go on.
void CooperatorState::schedule() {
  if (active_.empty() != tick_.active()) return;
  if (active_.empty()) {
    tick_.cancel();
    return;
  }
  tick_ = time_.callLater(Duration::zero(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tick();
  });
}

// The call of the next turn tells the time: unlike now() that does not stand still in this one.
void CooperatorState::tick() {
  schedule();
  const TimePoint begin = tick_.getTime();
  for (std::size_t units = 0; units < units_max && !active_.empty(); ++units) {
    active_.splice(active_.end(), active_, active_.begin());
    const auto work = active_.back();
    work->step();
    if (!tick_.active()) return;
    tick_.reset(Duration::zero());
    if (tick_.getTime() - begin >= slice) return;
  }
}

Deferred<void> CooperativeWork::when_done() {
  if (end_ == End::not_yet) return waiting_.join();
  if (end_ == End::done) return succeed();
  unheard_ = false;
  return fail(failure_);
}

void CooperativeWork::require_going_on() const {
  switch (end_) {
    case End::not_yet:
      return;
    case End::done:
      throw TaskDone("the work is done");
    case End::failed:
      throw TaskFailed("the work has failed: " + failure_.getErrorMessage());
    case End::stopped:
      throw TaskStopped("the work was stopped");
    case End::scheduler_stopped:
      throw stopped_error();
  }
}

void CooperativeWork::hold_back() {
  if (const auto scheduler = scheduler_.lock()) scheduler->park(*this);
}
void CooperativeWork::go_on() {
  if (const auto scheduler = scheduler_.lock()) scheduler->unpark(*this);
}

void CooperativeWork::pause() {
  require_going_on();
  if (may_go_on()) hold_back();
  ++pauses_;
}

void CooperativeWork::resume() {
  if (pauses_ == 0) throw NotPaused("resume: the work is not paused");
  --pauses_;
  if (end_ == End::not_yet && may_go_on()) go_on();
}

void CooperativeWork::stop() {
  require_going_on();
  end(End::stopped, Failure(TaskStopped("the work was stopped")));
}

void CooperativeWork::step() {
  std::optional<Deferred<void>> pending;
  in_step_ = true;
  bool more = false;
  Failure failure;
  try {
    more = unit_(pending);
  } catch (...) {
    failure = Failure::current();
  }
  in_step_ = false;
  if (end_ != End::not_yet) {
    unit_ = nullptr;
  } else if (failure) {
    end(End::failed, std::move(failure));
  } else if (!more) {
    end(End::done, Failure());
  } else if (pending) {
    if (may_go_on()) hold_back();
    waits_ = true;
    pending->addBoth([self = shared_from_this()](Result<void> result) -> Result<void> {
      return self->waited(std::move(result));
    });
  }
}

// What comes after the work has ended is nobody's: it goes on, to be reported.
Result<void> CooperativeWork::waited(Result<void> result) {
  waits_ = false;
  if (end_ != End::not_yet) return result;
  if (!result) {
    end(End::failed, result.error().failure());
  } else if (may_go_on()) {
    go_on();
  }
  return Result<void>();
}

// Whoever is told finds it gone: a callback may stop the scheduler or start more work.
void CooperativeWork::end(End how, Failure failure) {
  const auto self = shared_from_this();
  end_ = how;
  failure_ = std::move(failure);
  if (!in_step_) unit_ = nullptr;
  if (const auto scheduler = scheduler_.lock()) scheduler->remove(*this);
  unheard_ = how == End::failed && waiting_.empty();
  while (!waiting_.empty()) {
    Deferred<void> waiter = waiting_.next();
    if (how == End::done) {
      waiter.callback();
    } else {
      waiter.errback(failure_);
    }
  }
}

}  // namespace detail

CooperativeTask::CooperativeTask(std::shared_ptr<detail::CooperativeWork> work) noexcept
    : work_(std::move(work)) {}
Deferred<void> CooperativeTask::whenDone() const { return work_->when_done(); }
void CooperativeTask::pause() { work_->pause(); }
void CooperativeTask::resume() { work_->resume(); }
void CooperativeTask::stop() { work_->stop(); }

Cooperator::Cooperator(ReactorTime& time)
    : state_(std::make_shared<detail::CooperatorState>(time)) {}
Cooperator::~Cooperator() { state_->stop(); }
void Cooperator::start() { state_->start(); }
void Cooperator::stop() { state_->stop(); }
bool Cooperator::running() const noexcept { return !state_->stopped(); }
void Cooperator::set_slice(Duration slice) noexcept { state_->slice = slice; }
void Cooperator::set_units_per_turn_max(std::size_t units) noexcept { state_->units_max = units; }

CooperativeTask Cooperator::add(detail::WorkUnit unit, std::source_location site) {
  auto work = std::make_shared<detail::CooperativeWork>(state_, std::move(unit), site);
  state_->add(work);
  return CooperativeTask(std::move(work));
}

}  // namespace coil
