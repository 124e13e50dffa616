// Transport: the connection as a Protocol sees it.
#pragma once

#include <coil/net/address.h>
#include <coil/runtime/buffer.h>

#include <cstddef>
#include <span>

namespace coil {

// Transport: one connection that a Protocol writes to and ends.
//
// Example (tests/examples/protocol_example.cpp, "echo"):
//
//   void dataReceived(ConstBytes data) override { transport().write(data); }
//
// Guarantees: Nothing here blocks or calls the protocol from inside the call. Bytes go out in the
//             order of the writes; the writes of one turn go out together. When more than
//             high_water_bytes wait to be sent, reading pauses until low_water_bytes are left, so
//             that a peer that does not read cannot make this side's memory grow.
// Threads:    Reactor thread only.
// Source:     Twisted's ITransport and ITCPTransport.
class Transport {
 public:
  static constexpr std::size_t high_water_bytes = 64 * 1024;
  static constexpr std::size_t low_water_bytes = 16 * 1024;

  virtual ~Transport() = default;

  // Queues a copy of `data`. After loseConnection, loseWriteConnection or the connection's end it
  // is dropped.
  virtual void write(ConstBytes data) = 0;
  virtual void writeSequence(std::span<const ConstBytes> pieces) = 0;
  // Sends what is queued, then closes; nothing is read any more. Reports ConnectionDone.
  virtual void loseConnection() = 0;
  // Sends what is queued, then ends the sending side; reading goes on.
  virtual void loseWriteConnection() = 0;
  // Drops what is queued and resets the connection. Reports ConnectionAborted.
  virtual void abortConnection() = 0;
  // Stops and restarts the calls of dataReceived.
  virtual void pauseProducing() = 0;
  virtual void resumeProducing() = 0;

  virtual Address getPeer() const = 0;
  virtual Address getHost() const = 0;
  virtual bool getTcpNoDelay() const = 0;
  virtual void setTcpNoDelay(bool enabled) = 0;
  virtual bool getTcpKeepAlive() const = 0;
  virtual void setTcpKeepAlive(bool enabled) = 0;

  // Bytes that were written and not yet handed to the operating system.
  virtual std::size_t buffered_bytes() const noexcept = 0;
};

}  // namespace coil
