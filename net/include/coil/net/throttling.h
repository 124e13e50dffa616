// ThrottlingFactory: how much the connections of a factory may read and write per second.
#pragma once

#include <coil/net/protocol_wrapper.h>
#include <coil/net/token_bucket.h>
#include <coil/runtime/delayed_call.h>
#include <coil/runtime/reactor_time.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace coil {

class ThrottlingFactory;

// ThrottlingLimits: what a ThrottlingFactory allows; everything unless set.
//
// Example (tests/examples/wrapper_example.cpp, "throttle"):
//
//   ThrottlingLimits limits;
//   limits.set_connections_max(100);
//   limits.set_reads(std::make_shared<TokenBucket>(reactor, 64 * 1024));
//   limits.set_writes(std::make_shared<TokenBucket>(reactor, 16 * 1024));
class ThrottlingLimits {
 public:
  ThrottlingLimits() noexcept {}
  ThrottlingLimits& set_connections_max(std::size_t count) noexcept {
    connections_max = count;
    return *this;
  }
  // All connections share it, and other factories that are given the same one.
  ThrottlingLimits& set_reads(std::shared_ptr<TokenBucket> rate) noexcept {
    reads = std::move(rate);
    return *this;
  }
  ThrottlingLimits& set_writes(std::shared_ptr<TokenBucket> rate) noexcept {
    writes = std::move(rate);
    return *this;
  }
  std::size_t connections_max = std::numeric_limits<std::size_t>::max();
  std::shared_ptr<TokenBucket> reads;
  std::shared_ptr<TokenBucket> writes;
};

// ThrottlingProtocol: what a ThrottlingFactory puts around a protocol.
//
// Example (tests/examples/wrapper_example.cpp, "by hand"):
//
//   connection.throttleReads();        // Whatever the rates are; until they allow more,
//   connection.unthrottleReads();      // or somebody says so.
//
// Guarantees: A pause that the protocol asked for lasts until the protocol ends it, and one of the
//             throttle until both agree. A producer that is asked for each piece waits as well.
// Source:     Twisted's policies.ThrottlingProtocol.
class ThrottlingProtocol : public ProtocolWrapper {
 public:
  ThrottlingProtocol(std::shared_ptr<WrappingFactory> factory, std::shared_ptr<Protocol> wrapped,
                     ThrottlingFactory& throttle)
      : ProtocolWrapper(std::move(factory), std::move(wrapped)), throttle_(throttle) {}

  void dataReceived(ConstBytes data) override;
  void write(ConstBytes data) override;
  void writeSequence(std::span<const ConstBytes> pieces) override;
  void pauseProducing() override;
  void resumeProducing() override;
  void registerProducer(Producer& producer, bool streaming) override;
  void unregisterProducer() override;
  std::vector<Pause> pauses() const override;

  // Holds dataReceived back.
  void throttleReads();
  void unthrottleReads();
  // Holds the producer back; what is written without one goes out.
  void throttleWrites();
  void unthrottleWrites();

 private:
  // What the transport takes for the producer: it passes on what the throttle allows.
  class Valve final : public Producer {
   public:
    explicit Valve(ThrottlingProtocol& owner) noexcept : owner_(owner) {}
    void resumeProducing() override;
    void pauseProducing() override;
    void stopProducing() override { owner_.producer_.stop(); }

   private:
    ThrottlingProtocol& owner_;
  };

  void written(std::size_t bytes);
  void let_produce();

  ThrottlingFactory& throttle_;
  ProducerSlot producer_;
  Valve valve_{*this};
  bool wanted_ = false;  // The transport has room for what the producer makes.
  bool paused_ = false;  // By the protocol.
  bool reads_throttled_ = false;
  std::optional<TimePoint> writes_throttled_;  // Since when.
};

// ThrottlingFactory: limits the number of connections, and what they read and write per second.
//
// Example (tests/examples/wrapper_example.cpp, "throttle"):
//
//   auto factory = std::make_shared<ThrottlingFactory>(reactor, echo, limits);
//   ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
//
// Requires:   `time` outlives the factory.
// Guarantees: A connection that reads or writes while a rate is used up pauses, after that one
//             piece, until the rate allows more; then all go on. Nothing is scheduled while no
//             connection waits for that. A producer that throws when it may go on is reported, and
//             its connection aborted.
// Source:     Twisted's policies.ThrottlingFactory, which looks at its counts once a second.
class ThrottlingFactory : public WrappingFactory {
 public:
  ThrottlingFactory(ReactorTime& time, std::shared_ptr<Factory> wrapped, ThrottlingLimits limits)
      : WrappingFactory(std::move(wrapped)),
        time_(time),
        connections_max_(limits.connections_max),
        reads_(std::move(limits.reads), &ThrottlingProtocol::unthrottleReads),
        writes_(std::move(limits.writes), &ThrottlingProtocol::unthrottleWrites) {}
  ~ThrottlingFactory() override { stop_timers(); }

  std::shared_ptr<Protocol> buildProtocol(const Address& peer) override;
  void unregisterProtocol(ProtocolWrapper& protocol) override;

 protected:
  std::shared_ptr<ProtocolWrapper> wrap(std::shared_ptr<Protocol> wrapped,
                                        const Address& peer) final;

 private:
  friend class ThrottlingProtocol;

  // What all connections share in one direction.
  struct Rate {
    Rate(std::shared_ptr<TokenBucket> limit, void (ThrottlingProtocol::*end)())
        : bucket(std::move(limit)), unthrottle(end) {}
    std::shared_ptr<TokenBucket> bucket;  // Null where there is no limit.
    void (ThrottlingProtocol::*unthrottle)();
    DelayedCall allowed;  // Active while a connection waits.
  };

  // Counts what a connection read or wrote; true if it must pause.
  bool spend(Rate& rate, std::size_t bytes);
  void wait_for(Rate& rate);
  void stop_timers() noexcept;

  ReactorTime& time_;
  std::size_t connections_max_;
  Rate reads_;
  Rate writes_;
};

}  // namespace coil
