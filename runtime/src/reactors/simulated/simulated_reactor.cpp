// The simulated reactor: which operation is answered when, and how time moves.
#include <coil/testing/simulated_reactor.h>

#include "signal_desk.h"
#include "simulation.h"

#include <algorithm>
#include <cerrno>

namespace coil::testing {

namespace {

// What a turn costs that has work already, while something is on its way.
constexpr Duration busy_turn = std::chrono::microseconds(1);

enum BackendState : std::uint8_t { parked, waiting };

bool is_exhaustion(std::int64_t value) noexcept {
  return value == -EMFILE || value == -ENFILE || value == -ENOBUFS || value == -ENOMEM;
}

}  // namespace

SimulatedReactor::SimulatedReactor(std::uint64_t seed)
    : simulation_(std::make_unique<Simulation>(*this, seed)) {
  coil::detail::SignalDesk::of(*this).simulate();
  simulation_->executor->install();
}

SimulatedReactor::~SimulatedReactor() {
  shut_down();
  simulation_->executor->close();
}

std::string SimulatedReactor::description() const {
  return "seed " + std::to_string(simulation_->seed);
}

SocketCalls& SimulatedReactor::sockets() noexcept { return simulation_->network; }
std::uint64_t SimulatedReactor::seed() const noexcept { return simulation_->seed; }
std::uint64_t SimulatedReactor::trace() const noexcept { return simulation_->trace; }
SimulatedNetwork& SimulatedReactor::network() noexcept { return simulation_->settings; }
bool SimulatedReactor::deadlocked() const noexcept { return simulation_->deadlocked; }
void SimulatedReactor::set_foreign_threads(bool exist) noexcept {
  simulation_->foreign_threads = exist;
}

// Part of the trace, like what the network does: nobody else could have brought it.
bool SimulatedReactor::raise_signal(int number) noexcept {
  const bool wanted = coil::detail::SignalDesk::of(*this).raise(number);
  if (wanted) simulation_->add_to_trace(static_cast<std::uint64_t>(number));
  return wanted;
}

TimePoint SimulatedReactor::read_clock() const noexcept { return simulation_->timeline.now(); }

void SimulatedReactor::forget(HandleSlot& slot) noexcept {
  if (detail::VirtualSocket* socket = simulation_->network.find(slot.native())) {
    socket->slot = HandleId();
  }
}

// The seed decides whether an answer that is there comes at once or through the loop, so that both
// ways are walked. An operation never overtakes an older one of its direction.
Attempt SimulatedReactor::do_submit(Operation& op, HandleSlot& slot) noexcept {
  Simulation& simulation = *simulation_;
  detail::VirtualSocket* socket = simulation.network.find(slot.native());
  if (socket == nullptr) {
    const bool was_here = detail::VirtualNetwork::owns(slot.native());
    return outcome::from_system_error(was_here ? EBADF : ENOTSUP);
  }
  socket->slot = slot.id();
  op.backend_state = waiting;
  const bool behind = slot.in_flight.find_if(op.direction(), [&](const Operation& other) {
    return &other != &op;
  }) != nullptr;
  if (behind || simulation.random.one_in(4)) {
    simulation.serve_soon(slot.id());
    return std::nullopt;
  }
  const Attempt result = simulation.attempt(op, slot.native());
  if (!result) return std::nullopt;
  simulation.note(op, *result);
  if (op.code() == OpCode::accept && is_exhaustion(*result)) op.backend_state = parked;
  return result;
}

// A cancellation that comes late can lose against a value: also that is drawn from the seed.
void SimulatedReactor::do_cancel(Operation& op, HandleSlot& slot) noexcept {
  if (simulation_->random.one_in(2)) {
    simulation_->serve_soon(slot.id());
  } else {
    simulation_->finish(op, outcome::cancelled);
  }
}

void SimulatedReactor::wake() noexcept {
  simulation_->woken.store(true, std::memory_order_seq_cst);
  simulation_->waker.wake();
}

void SimulatedReactor::wait(TimePoint until) noexcept {
  Simulation& simulation = *simulation_;
  if (simulation.run_until(until)) return;
  if (simulation.foreign_threads) {
    simulation.sleep();
  } else {
    simulation.report_deadlock();
  }
}

Attempt SimulatedReactor::Simulation::attempt(Operation& op, NativeHandle target) noexcept {
  try {
    return network.attempt(op, *network.find(target), reactor.buffers());
  } catch (...) {
    return outcome::from_system_error(ENOMEM);
  }
}

void SimulatedReactor::Simulation::note(const Operation& op, std::int64_t outcome) noexcept {
  add_to_trace(static_cast<std::uint64_t>(timeline.now().time_since_epoch().count()));
  add_to_trace(op.slot().id().packed());
  add_to_trace(static_cast<std::uint64_t>(op.code()));
  add_to_trace(static_cast<std::uint64_t>(outcome));
}

void SimulatedReactor::Simulation::add_to_trace(std::uint64_t value) noexcept {
  trace = detail::Random::mix(trace + value + 1);
}

void SimulatedReactor::Simulation::note_work() noexcept {
  add_to_trace(static_cast<std::uint64_t>(timeline.now().time_since_epoch().count()));
  ++completed;
}

// The core parks an accept for which there is no room and submits it again; until then no event
// concerns it.
void SimulatedReactor::Simulation::finish(Operation& op, std::int64_t outcome) noexcept {
  note(op, outcome);
  ++completed;
  if (op.code() == OpCode::accept && is_exhaustion(outcome)) op.backend_state = parked;
  reactor.complete(op, outcome);
}

void SimulatedReactor::Simulation::serve_soon(HandleId handle) {
  timeline.add(timeline.now(), [this, handle] { serve(handle); });
}

// Tries every waiting operation of a handle. The last completion of a closing handle ends its
// socket.
void SimulatedReactor::Simulation::serve(HandleId handle) {
  HandleSlot* slot = reactor.handles().find_served(handle);
  if (slot == nullptr) return;
  slot->in_flight.for_each([&](Operation& op) {
    if (op.backend_state == parked) return;
    const bool ends = op.cancel_asked();
    Attempt result;
    if (!ends || random.one_in(2)) result = attempt(op, slot->native());
    if (ends && !result) result = outcome::cancelled;
    if (result) finish(op, *result);
  });
}

bool SimulatedReactor::Simulation::take_wake() noexcept {
  if (!woken.exchange(false, std::memory_order_seq_cst)) return false;
  waker.drain();
  return true;
}

// Lets time pass until something was completed or `until` is reached; false if neither can ever
// happen. A turn that finds its work at once costs a little, so that what is on its way arrives
// also while a task keeps the loop busy.
bool SimulatedReactor::Simulation::run_until(TimePoint until) {
  completed = 0;
  timeline.run_due();
  if (completed != 0 || until <= timeline.now()) {
    if (const std::optional<TimePoint> next = timeline.next()) {
      timeline.move_to(std::min(*next, timeline.now() + busy_turn));
      timeline.run_due();
    }
    take_wake();
    return true;
  }
  while (!take_wake() && completed == 0 && until > timeline.now()) {
    const std::optional<TimePoint> next = timeline.next();
    if (!next && until == TimePoint::max()) return false;
    timeline.move_to(next ? std::min(*next, until) : until);
    timeline.run_due();
  }
  return true;
}

}  // namespace coil::testing
