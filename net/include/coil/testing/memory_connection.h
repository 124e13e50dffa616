// MemoryConnection: two protocols that are connected without a reactor, and pumped by hand.
#pragma once

#include <coil/net/protocol.h>
#include <coil/net/transport.h>

#include <cstddef>
#include <limits>
#include <memory>

namespace coil::testing {

// MemoryConnection: carries bytes between two protocols, one step at a time.
//
// Example (tests/examples/memory_example.cpp, "steps"):
//
//   MemoryConnection connection(client, server);
//   connection.set_piece_max(1);          // Each dataReceived gets a single byte.
//   while (connection.pump()) ++steps;
//
// Guarantees: Protocols are called from pump and from the constructor only, in the order and with
//             the reasons of a real connection; the server's connectionMade comes first. Pauses,
//             water marks, producers and half closes work as there; what was written waits with the
//             writer until the other side reads. Addresses are those of the loopback. What a
//             callback throws ends the connection and is the reason of that.
// Errors:     std::logic_error from the transports' detach: there is no socket.
// Source:     Twisted's iosim and protocols.loopback.
class MemoryConnection {
 public:
  MemoryConnection(std::shared_ptr<Protocol> client, std::shared_ptr<Protocol> server);
  MemoryConnection(const MemoryConnection&) = delete;
  MemoryConnection& operator=(const MemoryConnection&) = delete;
  // Protocols that are connected still lose the connection.
  ~MemoryConnection();

  // Makes one step on each side: gives it what the other one had written when the step began, or
  // tells it of an end. False if there was nothing to do.
  bool pump();
  // Pumps until there is nothing to do, which protocols that always answer never let happen.
  void flush();
  // The most bytes that one dataReceived is given; everything there is unless set.
  void set_piece_max(std::size_t bytes) noexcept { piece_max_ = bytes; }
  // Until both protocols have heard of the end.
  bool open() const noexcept;

  Transport& client_transport() noexcept;
  Transport& server_transport() noexcept;

 private:
  class End;

  std::shared_ptr<End> client_;
  std::shared_ptr<End> server_;
  std::size_t piece_max_ = std::numeric_limits<std::size_t>::max();
};

// Connects two protocols.
std::unique_ptr<MemoryConnection> connect_in_memory(std::shared_ptr<Protocol> client,
                                                    std::shared_ptr<Protocol> server);

}  // namespace coil::testing
