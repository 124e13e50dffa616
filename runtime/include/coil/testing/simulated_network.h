// SimulatedNetwork: how the network of a SimulatedReactor behaves, and which call fails next.
#pragma once

#include <coil/runtime/operation.h>
#include <coil/runtime/time_point.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

namespace coil::testing {

// The synchronous calls that can be made to fail.
enum class SocketCall : std::uint8_t {
  open,
  bind,
  listen,
  connect_datagram,
  local_address,
  peer_address,
  set_option,
  get_option,
  membership,
  shutdown,
};

// SimulatedNetwork: the conditions of a simulation; they may be changed while it runs.
//
// Example (tests/examples/simulation_example.cpp, "fault"):
//
//   SimulatedReactor reactor(seed);
//   reactor.network().fail_next(OpCode::accept, EMFILE);
//   reactor.network().set_latency(milliseconds(20), milliseconds(80));
//
// Guarantees: A fault strikes when the call would have succeeded or failed by itself, so that it
//             costs nobody a byte that was not lost. One that ends a connection (ECONNRESET,
//             ECONNABORTED, EPIPE, ETIMEDOUT) resets it at both ends.
// Threads:    Reactor thread only.
class SimulatedNetwork {
 public:
  SimulatedNetwork() noexcept {}

  // Makes the next such operation end with the system error `number`, after `spared` ones that do
  // not.
  void fail_next(OpCode code, int number, unsigned spared = 0) {
    faults_.push_back(Fault(operation_kind(code), number, spared));
  }
  void fail_next(SocketCall call, int number, unsigned spared = 0) {
    faults_.push_back(Fault(call_kind(call), number, spared));
  }
  // Faults that have not struck yet.
  std::size_t faults_left() const noexcept { return faults_.size(); }

  // How long a segment, a datagram or an answer is on its way; 1 µs to 200 µs unless set.
  //
  // Errors: std::invalid_argument unless 0 <= least <= most.
  void set_latency(Duration least, Duration most) {
    if (least < Duration::zero() || most < least) {
      throw std::invalid_argument("set_latency: it must hold that 0 <= least <= most");
    }
    latency_least_ = least;
    latency_most_ = most;
  }
  Duration latency_least() const noexcept { return latency_least_; }
  Duration latency_most() const noexcept { return latency_most_; }

  // Whether a read or write on a stream may move fewer bytes than it could; it may unless set.
  void set_partial_transfers(bool partial) noexcept { partial_transfers_ = partial; }
  bool partial_transfers() const noexcept { return partial_transfers_; }

  // How many datagrams of a hundred get lost; none unless set.
  void set_datagram_loss(unsigned percent) noexcept { datagram_loss_ = percent; }
  unsigned datagram_loss() const noexcept { return datagram_loss_; }

  // Whether an attempt to connect to where nobody listens is refused; it is unless set. Otherwise
  // nothing answers it, as behind a firewall.
  void set_refusals(bool refused) noexcept { refusals_ = refused; }
  bool refusals() const noexcept { return refusals_; }

  // How many sockets there may be at a time: beyond it, opening and accepting give EMFILE.
  void set_sockets_max(std::size_t count) noexcept { sockets_max_ = count; }
  std::size_t sockets_max() const noexcept { return sockets_max_; }

  // For the simulation: the error with which this use of a call is to fail; 0 for none.
  int take_fault(OpCode code) noexcept { return take(operation_kind(code)); }
  int take_fault(SocketCall call) noexcept { return take(call_kind(call)); }

 private:
  class Fault {
   public:
    Fault(int what, int error, unsigned before) noexcept
        : kind(what), number(error), spared(before) {}
    int kind;
    int number;
    unsigned spared;
  };

  static constexpr int operation_kind(OpCode code) noexcept { return static_cast<int>(code); }
  static constexpr int call_kind(SocketCall call) noexcept { return 1000 + static_cast<int>(call); }

  // Faults of one kind strike in the order in which they were asked for.
  int take(int kind) noexcept {
    for (std::size_t index = 0; index < faults_.size(); ++index) {
      Fault& fault = faults_[index];
      if (fault.kind != kind) continue;
      if (fault.spared != 0) {
        --fault.spared;
        return 0;
      }
      const int number = fault.number;
      faults_.erase(faults_.begin() + static_cast<std::ptrdiff_t>(index));
      return number;
    }
    return 0;
  }

  std::vector<Fault> faults_;
  Duration latency_least_ = std::chrono::microseconds(1);
  Duration latency_most_ = std::chrono::microseconds(200);
  std::size_t sockets_max_ = std::numeric_limits<std::size_t>::max();
  unsigned datagram_loss_ = 0;
  bool partial_transfers_ = true;
  bool refusals_ = true;
};

}  // namespace coil::testing
