// TimeoutMixin and TimeoutFactory: connections that end when nothing happens for too long.
#pragma once

#include <coil/net/protocol_wrapper.h>
#include <coil/runtime/delayed_call.h>
#include <coil/runtime/reactor_time.h>
#include <coil/runtime/time_point.h>

#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace coil {

// TimeoutMixin: adds a time limit to a Protocol class, which begins anew with each resetTimeout.
//
// Example (tests/examples/wrapper_example.cpp, "mixin"):
//
//   class Login : public TimeoutMixin<Protocol> {
//    public:
//     using TimeoutMixin::TimeoutMixin;
//     void connectionMade() override { setTimeout(std::chrono::seconds(20)); }
//     void dataReceived(ConstBytes) override { resetTimeout(); }
//     void timeoutConnection() override { transport().abortConnection(); }   // Without a word.
//   };
//
// Requires:   `time` outlives the protocol.
// Guarantees: The limit strikes only while the protocol is connected, once, until it is set again.
// Errors:     std::invalid_argument for a negative time.
// Source:     Twisted's policies.TimeoutMixin.
template <class Base>
class TimeoutMixin : public Base {
 public:
  // What follows `time` is for the constructor of Base.
  template <class... A>
  explicit TimeoutMixin(ReactorTime& time, A&&... arguments)
      : Base(std::forward<A>(arguments)...), time_(time) {}
  ~TimeoutMixin() override { cancel_call(); }

  // Counts `period` from now on, or no more for none; gives what held before.
  std::optional<Duration> setTimeout(std::optional<Duration> period) {
    DelayedCall next;
    if (period) next = time_.callLater(*period, [this] { strike(); });
    cancel_call();
    call_ = std::move(next);
    return std::exchange(period_, period);
  }
  // Begins to count again, unless the limit has struck already.
  void resetTimeout() {
    if (period_ && call_.active()) call_.reset(*period_);
  }
  // What the limit does: it closes the connection, unless a class does something else.
  virtual void timeoutConnection() { this->transport().loseConnection(); }

 private:
  // Who looks through getDelayedCalls may have cancelled it.
  void cancel_call() {
    if (call_.active()) call_.cancel();
  }
  void strike() {
    if (this->connected()) timeoutConnection();
  }

  ReactorTime& time_;
  std::optional<Duration> period_;
  DelayedCall call_;
};

// TimeoutProtocol: what a TimeoutFactory puts around a protocol.
//
// Example (tests/examples/wrapper_example.cpp, "idle"):
//
//   class Patient : public TimeoutProtocol {
//     using TimeoutProtocol::TimeoutProtocol;
//     void timeoutConnection() override { setTimeout(std::chrono::hours(1)); }
//   };
//
// Source: Twisted's policies.TimeoutProtocol.
class TimeoutProtocol : public TimeoutMixin<ProtocolWrapper> {
 public:
  TimeoutProtocol(std::shared_ptr<WrappingFactory> factory, std::shared_ptr<Protocol> wrapped,
                  ReactorTime& time, Duration period)
      : TimeoutMixin(time, std::move(factory), std::move(wrapped)), first_period_(period) {}

  void connectionMade() override;
  void dataReceived(ConstBytes data) override;
  void connectionLost(const Failure& reason) override;
  void write(ConstBytes data) override;
  void writeSequence(std::span<const ConstBytes> pieces) override;
  Deferred<TcpStream> detach(ConstBytes unread) override;

 private:
  Duration first_period_;
};

// TimeoutFactory: closes connections on which nothing was read or written for a while.
//
// Example (tests/examples/wrapper_example.cpp, "idle"):
//
//   auto factory = std::make_shared<TimeoutFactory>(reactor, echo, std::chrono::minutes(30));
//
// Requires: `time` outlives the factory's connections.
// Source:   Twisted's policies.TimeoutFactory.
class TimeoutFactory : public WrappingFactory {
 public:
  TimeoutFactory(ReactorTime& time, std::shared_ptr<Factory> wrapped, Duration period)
      : WrappingFactory(std::move(wrapped)), time_(time), period_(period) {}

 protected:
  std::shared_ptr<ProtocolWrapper> wrap(std::shared_ptr<Protocol> wrapped,
                                        const Address& peer) override;

 private:
  ReactorTime& time_;
  Duration period_;
};

}  // namespace coil
