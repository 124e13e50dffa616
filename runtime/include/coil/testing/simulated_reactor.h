// SimulatedReactor: virtual time and a network in memory, both following from one seed.
#pragma once

#include <coil/runtime/reactor.h>
#include <coil/testing/simulated_network.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coil::testing {

// SimulatedReactor: a reactor whose every run can be had again.
//
// Example (tests/examples/simulation_example.cpp, "replay"):
//
//   SimulatedReactor reactor(seed);
//   run(reactor, scenario(reactor));        // Hours of timers pass at once.
//   std::printf("seed %llu gave %016llx\n", static_cast<unsigned long long>(reactor.seed()),
//               static_cast<unsigned long long>(reactor.trace()));
//
// Guarantees: The same program with the same seed does the same: latencies, the sizes of partial
//             reads and writes, which answers come at once and which later, whether a cancellation
//             or a value wins, and the order between handles are all drawn from the seed.
//             Time moves only while the loop waits: to the moment waited for, or to the next event
//             of the network. A turn that has work already costs a microsecond while something is
//             on its way, so that a task that only yields does not hold the network still.
//             Blocking work (getThreadPool, deferToThread) runs on the loop, at moments and in an
//             order that are drawn from the seed. Work that waits for other work does not end here.
//             Bytes are copied by ordinary code when an operation completes, so that a sanitizer
//             sees a buffer that has gone.
// Errors:     What the network of one machine gives: ECONNREFUSED, ECONNRESET, EPIPE, EADDRINUSE …
//             Only TCP and UDP over IPv4 and IPv6 exist; a local (UNIX) socket gives EAFNOSUPPORT,
//             and an IPv6 datagram socket never takes IPv4 in.
//             The network has one interface for multicast, whichever is named.
//             A descriptor of the operating system cannot be served here: waiting for one, as
//             addReader does, ends in ENOTSUP, and adopting one in Errc::not_supported.
// Threads:    callFromThread works from any thread, but a loop with nothing left to wait for waits
//             for other threads only after set_foreign_threads(true), and virtual time never does.
class SimulatedReactor : public Reactor {
 public:
  explicit SimulatedReactor(std::uint64_t seed);
  ~SimulatedReactor() override;

  std::string_view name() const noexcept override { return "simulated"; }
  // Names the seed.
  std::string description() const override;
  SocketCalls& sockets() noexcept override;

  std::uint64_t seed() const noexcept;
  // A digest of everything that happened so far: equal for equal runs.
  std::uint64_t trace() const noexcept;
  // The conditions of the network.
  SimulatedNetwork& network() noexcept;

  // Raises a signal of this simulation, and of nothing else: its watchers see it at the end of this
  // turn, or of the next one where none is going on, and so the same program sees it at the same
  // moment. SIGINT and SIGTERM stop run() as they would, if no watcher has them. False if nobody
  // wanted it: of the process, it would have had its default effect.
  //
  // Watchers of this reactor take no signal from the process; run() does take Ctrl-C, so that a
  // simulation can be ended like any program.
  bool raise_signal(int number) noexcept;

  // Says that threads other than the reactor's will call callFromThread: then a loop with nothing
  // left to wait for sleeps in real time, instead of ending. Such a run cannot be had again.
  void set_foreign_threads(bool exist) noexcept;

  // True once a wait found that nothing can ever happen: no timer, no event of the network, and
  // nobody else who could bring one. The reactor then logs "nothing can ever happen: N tasks
  // waiting on …" with the name and site of each task and what it waits for, and crashes (see
  // crash()): run() returns, and run(reactor, task) cancels its task and throws Cancelled. Tasks
  // that do not end even then end the program, with the same sentence.
  bool deadlocked() const noexcept;

 private:
  class Simulation;

  Attempt do_submit(Operation& op, HandleSlot& slot) noexcept override;
  void do_cancel(Operation& op, HandleSlot& slot) noexcept override;
  void wait(TimePoint until) noexcept override;
  void wake() noexcept override;
  void forget(HandleSlot& slot) noexcept override;
  TimePoint read_clock() const noexcept override;

  std::unique_ptr<Simulation> simulation_;
};

}  // namespace coil::testing
