// Transport: the connection as a Protocol sees it.
#pragma once

#include <coil/net/address.h>
#include <coil/net/producer.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/task.h>
#include <coil/runtime/time_point.h>

#include <cstddef>
#include <span>
#include <vector>

namespace coil {

class TcpStream;

// WaterMarks: how much output may wait to be sent.
//
// Example (tests/examples/producer_example.cpp, "water marks"):
//
//   transport().set_water_marks(WaterMarks().set_high(1024 * 1024).set_low(0));
class WaterMarks {
 public:
  WaterMarks() noexcept {}
  // Above it, reading and the producer pause …
  WaterMarks& set_high(std::size_t bytes) noexcept {
    high_bytes = bytes;
    return *this;
  }
  // … until no more than this is left.
  WaterMarks& set_low(std::size_t bytes) noexcept {
    low_bytes = bytes;
    return *this;
  }
  // A write that finds more than this waiting ends the connection with BufferLimit.
  WaterMarks& set_cap(std::size_t bytes) noexcept {
    cap_bytes = bytes;
    return *this;
  }
  std::size_t high_bytes = 64 * 1024;
  std::size_t low_bytes = 16 * 1024;
  std::size_t cap_bytes = 64 * 1024 * 1024;
};

// Pause: who of a connection waits, for what, and since when.
//
// Example (tests/examples/producer_example.cpp, "pauses"):
//
//   for (const Pause& pause : transport().pauses()) {
//     std::puts(pause.by == Pause::By::output ? "the peer reads slowly" : "we asked for it");
//   }
class Pause {
 public:
  enum class Who : unsigned char {
    reading,   // dataReceived is not called.
    producer,  // The registered producer was told to pause.
  };
  enum class By : unsigned char {
    call,    // pauseProducing was called.
    output,  // More than the high water mark waits to be sent.
  };

  Pause(Who whose, By cause, TimePoint start) noexcept : who(whose), by(cause), since(start) {}
  Who who;
  By by;
  TimePoint since;
};

// Transport: one connection that a Protocol writes to and ends.
//
// Example (tests/examples/protocol_example.cpp, "echo"):
//
//   void dataReceived(ConstBytes data) override { transport().write(data); }
//
// Guarantees: Nothing here blocks or calls the protocol from inside the call. Bytes go out in the
//             order of the writes; the writes of one turn go out together. When more than the high
//             water mark waits to be sent, reading and the producer pause until the low one is
//             reached, so that a peer that does not read cannot make this side's memory grow.
// Threads:    Reactor thread only.
// Source:     Twisted's ITransport, ITCPTransport, IConsumer and IPushProducer.
class Transport : public Producer, public Consumer {
 public:
  // Queues a copy of `data`. After loseConnection, loseWriteConnection or the connection's end it
  // is dropped.
  void write(ConstBytes data) override = 0;
  virtual void writeSequence(std::span<const ConstBytes> pieces) = 0;
  // Sends what is queued, and what a registered producer makes until it is unregistered, then
  // closes; nothing is read any more. Reports ConnectionDone.
  virtual void loseConnection() = 0;
  // The same for the sending side only; reading goes on.
  virtual void loseWriteConnection() = 0;
  // Drops what is queued and resets the connection. Reports ConnectionAborted.
  virtual void abortConnection() = 0;
  // Stops and restarts the calls of dataReceived.
  void pauseProducing() override = 0;
  void resumeProducing() override = 0;
  // A transport that is the producer of another one, which takes nothing any more.
  void stopProducing() override { loseConnection(); }

  // True once the connection is over for its protocol: after loseConnection, abortConnection or
  // detach, and when it has ended. Nothing that arrived with the last bytes is wanted then.
  virtual bool disconnecting() const noexcept = 0;
  virtual Address getPeer() const = 0;
  virtual Address getHost() const = 0;
  virtual bool getTcpNoDelay() const = 0;
  virtual void setTcpNoDelay(bool enabled) = 0;
  virtual bool getTcpKeepAlive() const = 0;
  virtual void setTcpKeepAlive(bool enabled) = 0;

  // Bytes that were written and not yet handed to the operating system.
  virtual std::size_t buffered_bytes() const noexcept = 0;
  virtual void set_water_marks(const WaterMarks& marks) = 0;
  // Who pauses, and why; empty where everything flows.
  virtual std::vector<Pause> pauses() const = 0;
  // Returns when a producer would be let go on: at once unless more than the high water mark waits.
  //
  // Errors:       Why the connection ended, if it did.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  virtual Task<void> drain() = 0;
  // Gives the connection to a coroutine, which reads `unread` first; it fires when what was written
  // has gone out. The protocol is called no more, its connectionLost neither.
  //
  // Requires: Called from inside dataReceived, or with nothing `unread` from another callback.
  // Errors:   std::logic_error after loseConnection, loseWriteConnection or the connection's end;
  //           the Deferred fails if the connection ends while output is pending.
  virtual Deferred<TcpStream> detach(ConstBytes unread) = 0;
};

}  // namespace coil
