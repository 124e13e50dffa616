// ReconnectingClientFactory: a client that comes back, after waits that grow.
#pragma once

#include <coil/net/connector.h>
#include <coil/net/protocol.h>
#include <coil/runtime/delayed_call.h>
#include <coil/runtime/reactor_time.h>
#include <coil/runtime/time_point.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <utility>

namespace coil {

// ReconnectOptions: how long a ReconnectingClientFactory waits, and how often it tries.
//
// Example (tests/examples/reconnecting_example.cpp, "options"):
//
//   ReconnectOptions options;
//   options.set_initial_delay(std::chrono::milliseconds(200)).set_max_retries(10);
class ReconnectOptions {
 public:
  ReconnectOptions() noexcept {}
  // The first wait, before its jitter; 1 s unless set.
  ReconnectOptions& set_initial_delay(Duration value) noexcept {
    initial_delay = value;
    return *this;
  }
  // No wait is longer, but for its jitter; 1 h unless set.
  ReconnectOptions& set_max_delay(Duration value) noexcept {
    max_delay = value;
    return *this;
  }
  // Each wait is this many times the one before; e unless set.
  ReconnectOptions& set_factor(double value) noexcept {
    factor = value;
    return *this;
  }
  // The standard deviation of a wait, as a share of it; about 12 % unless set, and 0 for none.
  ReconnectOptions& set_jitter(double value) noexcept {
    jitter = value;
    return *this;
  }
  // Tries in a row that may fail before it gives up; without limit unless set.
  ReconnectOptions& set_max_retries(std::uint32_t value) noexcept {
    max_retries = value;
    return *this;
  }
  // The clock of the waits; the connector's reactor unless set.
  ReconnectOptions& set_time(ReactorTime& value) noexcept {
    time = &value;
    return *this;
  }
  // Gives numbers with the standard normal distribution, for tests that want to know them.
  ReconnectOptions& set_random(std::function<double()> value) {
    random = std::move(value);
    return *this;
  }
  Duration initial_delay = std::chrono::seconds(1);
  Duration max_delay = std::chrono::hours(1);
  double factor = 2.7182818284590451;
  double jitter = 0.119626565582;
  std::optional<std::uint32_t> max_retries;
  ReactorTime* time = nullptr;
  std::function<double()> random;
};

// ReconnectingClientFactory: a ClientFactory that connects again when an attempt has failed or the
// connection was lost.
//
// Example (tests/examples/reconnecting_example.cpp, "reconnect"):
//
//   class Persistent : public ReconnectingClientFactory {
//    public:
//     using ReconnectingClientFactory::ReconnectingClientFactory;
//     std::shared_ptr<Protocol> buildProtocol(const Address&) override {
//       resetDelay();                            // The server is there: begin with short waits.
//       return std::make_shared<Echo>();
//     }
//   };
//
// Requires:   An override of startedConnecting, clientConnectionFailed or clientConnectionLost
//             calls the one here. One factory serves one connector.
// Guarantees: After stopTrying there is no further attempt, whatever it was doing.
// Source:     Twisted's ReconnectingClientFactory.
class ReconnectingClientFactory : public ClientFactory {
 public:
  explicit ReconnectingClientFactory(ReconnectOptions options = ReconnectOptions());

  void startedConnecting(Connector& connector) override;
  void clientConnectionFailed(Connector& connector, const Failure& reason) override;
  void clientConnectionLost(Connector& connector, const Failure& reason) override;

  // Connects after the next wait, unless it may not try any more.
  //
  // Requires: It was connecting before.
  void retry();
  // Ends a wait or an attempt; a connection that is there stays, and is not replaced when lost.
  void stopTrying();
  // Begins with the first wait again, and may try as often as at first, also after stopTrying.
  void resetDelay() noexcept;

  // The last wait.
  Duration delay() const noexcept { return delay_; }
  // Attempts since the last resetDelay, those that were not made for want of retries included.
  std::uint32_t retries() const noexcept { return retries_; }

 private:
  Duration next_delay(ReactorTime& time);
  void come_back(Connector& connector);

  ReconnectOptions options_;
  std::weak_ptr<Connector> connector_;  // Which holds this factory.
  DelayedCall waiting_;
  double backoff_ = 0;  // The wait without its jitter, in nanoseconds; 0 before the first.
  Duration delay_{};
  std::uint32_t retries_ = 0;
  bool trying_ = true;
  std::optional<std::minstd_rand> numbers_;
};

}  // namespace coil
