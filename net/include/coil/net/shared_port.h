// SharedPort: one listening address, whose connections several reactors serve.
#pragma once

#include <coil/net/address.h>
#include <coil/net/protocol.h>
#include <coil/net/tcp.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <memory>
#include <utility>

namespace coil {

// How connections come to the reactors that share a port.
enum class Spread : unsigned char {
  automatic,   // reuse_port where the system has it, else hand_round.
  reuse_port,  // Each reactor listens, and the kernel picks one by the peer's address and port.
  hand_round,  // One reactor accepts, and gives each connection to the next in turn.
  // Each listens, and the kernel prefers the one whose thread is kept to the processor that the
  // connection came in on (ReactorGroupOptions::set_pinned): its packets then cross to no other.
  // Like reuse_port where that cannot be asked for. One busy network queue gives all to one.
  by_processor,
};

// SharedPortOptions: how a shared port listens.
//
// Example (tests/examples/shared_port_example.cpp, "options"):
//
//   auto options = SharedPortOptions().set_spread(Spread::hand_round);
class SharedPortOptions {
 public:
  SharedPortOptions() noexcept {}
  SharedPortOptions& set_listen(const ListenOptions& value) noexcept {
    listen = value;
    return *this;
  }
  SharedPortOptions& set_spread(Spread value) noexcept {
    spread = value;
    return *this;
  }
  ListenOptions listen;
  Spread spread = Spread::automatic;
};

// PortShare: the part of a shared port that one reactor serves; stands where a TcpListener would.
//
// Example (tests/examples/shared_port_example.cpp, "share"):
//
//   PortShare share = port.take(reactor, index);
//   co_await serve(share, &echo);
//
// Requires:     The reactor outlives it, and it outlives what awaits it.
// Errors:       accept throws HandleClosed when the share was closed, or, where connections are
//               handed round, the share that accepts them.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
class PortShare {
 public:
  // A share of nothing.
  PortShare() noexcept;
  PortShare(PortShare&&) noexcept;
  PortShare& operator=(PortShare&&) noexcept;
  ~PortShare();

  // Gives the next connection.
  Task<TcpStream> accept(Accepting how = Accepting::one);
  // Stops taking connections; the others go on, unless they had theirs from this one.
  void close() noexcept;

 private:
  friend class SharedPort;
  class Source;
  class Listening;
  class Handed;
  class HandingRound;

  explicit PortShare(std::unique_ptr<Source> source) noexcept;

  std::unique_ptr<Source> source_;
};

// SharedPort: listens at once, so that failures and the port's number are known before any reactor
// serves it.
//
// Example (tests/examples/shared_port_example.cpp, "shared port"):
//
//   ReactorGroup workers(ReactorGroupOptions().set_size(2));
//   SharedPort port = SharedPort::bind(reactor, Address::loopback(0), workers.size());
//   auto body = [](Reactor& own, std::size_t index, SharedPort shared) -> Task<void> {
//     PortShare share = shared.take(own, index);
//     co_await serve(share, &echo);
//   };
//   workers.start(body, port);
//
// Requires:   Each share is taken, once: what the kernel gives to one that nobody serves waits.
// Guarantees: A connection comes to one share. Where they are handed round, a share that has closed
//             is passed over, and one that has 64 connections waiting until no other has room.
// Threads:    Any thread; take() on that of the reactor.
class SharedPort {
 public:
  // Binds `shares` listeners to one address; port 0 picks one for all.
  //
  // Errors: CannotListenError, naming the address; SystemError, not_supported, on a reactor whose
  //         sockets are not the system's.
  static SharedPort bind(Reactor& reactor, const Address& local, std::size_t shares,
                         SharedPortOptions options = SharedPortOptions());

  const Address& local_address() const noexcept;
  // How connections are spread; never automatic.
  Spread spread() const noexcept;
  // Gives share number `index` to `reactor`. Share 0 does the accepting where connections are
  // handed round.
  //
  // Errors: std::logic_error for one that was taken already; std::out_of_range; what
  //         TcpListener::adopt() throws, and then the share can still be taken.
  PortShare take(Reactor& reactor, std::size_t index) const;

 private:
  class State;

  explicit SharedPort(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

// Has `factory` build a protocol for each connection, until the share is closed: listenTCP for a
// share. The factory is this reactor's own; it is started and stopped here.
//
// Example (tests/examples/shared_port_example.cpp, "protocols"):
//
//   PortShare share = port.take(reactor, index);
//   co_await serve_protocols(share, Factory::forProtocol<Echo>());
//
// Guarantees:   Connections live on when it ends, until the reactor stops. An exception in
//               buildProtocol is logged and costs that connection only.
// Errors:       SystemError if accepting fails for good.
// Cancellation: Cancellable; some bytes may have been transferred.
Task<void> serve_protocols(PortShare& share, std::shared_ptr<Factory> factory);

}  // namespace coil
