// What the how-to programs are visited with: a client that speaks in lines, and a port's end.
#pragma once

#include <coil/net.h>
#include <coil/runtime.h>

#include <string>
#include <utility>

namespace coil::testing {

// Visitor: a connection to a server under test, and what it has said so far.
class Visitor {
 public:
  explicit Visitor(TcpStream stream) : stream_(std::move(stream)) {}

  Task<void> say(std::string line) { co_await write_all(stream_, line + "\r\n"); }
  // The next line, without its end.
  Task<std::string> hear() { co_return co_await read_until(stream_, heard_, "\r\n", 1000); }
  // Everything that comes until the server closes.
  Task<std::string> hear_all() {
    for (;;) {
      const BufferLease lease = co_await stream_.receive();
      if (lease.empty()) co_return std::exchange(heard_, std::string());
      heard_ += as_text(lease.bytes());
    }
  }
  void leave() { stream_.close(); }

 private:
  TcpStream stream_;
  std::string heard_;
};

inline Task<Visitor> visit(Reactor& reactor, Address server) {
  TcpStream stream = co_await TcpStream::connect(reactor, server);
  co_return Visitor(std::move(stream));
}

// Stops the port, and waits for the ends of its connections.
inline Task<void> close_down(ListeningPort port) {
  co_await port.stopListening();
  while (port.connections() != 0) co_await yield();
}

}  // namespace coil::testing
