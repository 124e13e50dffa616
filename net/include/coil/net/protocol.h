// Protocol and Factory: what a callback-style program derives from.
#pragma once

#include <coil/net/address.h>
#include <coil/net/transport.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/failure.h>

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace coil {

class Connector;
class DatagramTransport;

// Protocol: the callbacks of one connection.
//
// Example (tests/examples/protocol_example.cpp, "echo"):
//
//   class Echo : public Protocol {
//     void dataReceived(ConstBytes data) override { transport().write(data); }
//   };
//
// Guarantees: connectionMade comes first, connectionLost last and once. The calls come from the
//             loop, never from inside a call of the transport. An exception in a callback is
//             logged and ends the connection with it as the reason.
// Source:     Twisted's IProtocol.
class Protocol {
 public:
  Protocol() noexcept {}
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  virtual void connectionMade() {}
  // `data` is valid during the call only, and split anywhere.
  virtual void dataReceived(ConstBytes data) = 0;
  // ConnectionDone, ConnectionLost, ConnectionAborted, BufferLimit, or what a callback threw.
  virtual void connectionLost(const Failure& reason) { static_cast<void>(reason); }

  // The connection, for whoever owns the protocol; null before it is made and after its end.
  Transport* connection() const noexcept { return transport_; }

  // Sets the transport and calls connectionMade.
  void makeConnection(Transport& transport) {
    transport_ = &transport;
    connectionMade();
  }
  // Takes the transport away again; for who called makeConnection, after connectionLost.
  void forget_transport() noexcept { transport_ = nullptr; }
  // Tells whether there is a transport: from connectionMade to the end of connectionLost.
  bool connected() const noexcept { return transport_ != nullptr; }
  // Names the protocol where something is logged: its class, unless a class says something else.
  virtual std::string logPrefix() const;

 protected:
  // Requires: connected().
  Transport& transport() const {
    if (transport_ == nullptr) contract_violation("a protocol used its transport unconnected");
    return *transport_;
  }

 private:
  Transport* transport_ = nullptr;
};

// HalfCloseableProtocol: a Protocol that also derives from this goes on when one side has ended.
//
// Example (tests/examples/protocol_example.cpp, "half close"):
//
//   class Upload : public Protocol, public HalfCloseableProtocol {
//     void dataReceived(ConstBytes data) override { size_ += data.size(); }
//     void readConnectionLost() override {     // The peer has sent everything.
//       transport().write(std::to_string(size_));
//       transport().loseConnection();
//     }
//     std::size_t size_ = 0;
//   };
//
// Source: Twisted's IHalfCloseableProtocol.
class HalfCloseableProtocol {
 public:
  virtual ~HalfCloseableProtocol() = default;
  // The peer sends no more; the protocol must end the connection itself.
  virtual void readConnectionLost() {}
  // The end that loseWriteConnection asked for has gone out.
  virtual void writeConnectionLost() {}
};

// Factory: makes a Protocol for each connection.
//
// Example (tests/examples/protocol_example.cpp, "listen"):
//
//   auto factory = Factory::forProtocol<Echo>();
//   ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
//
// Source: Twisted's IProtocolFactory.
class Factory {
 public:
  virtual ~Factory() = default;

  // Null refuses the connection, which is closed.
  virtual std::shared_ptr<Protocol> buildProtocol(const Address& peer) = 0;
  // The first port, or connection, starts to use the factory; the last one has stopped.
  virtual void startFactory() {}
  virtual void stopFactory() {}

  void doStart() {
    if (users_ == 0) startFactory();
    ++users_;
  }
  void doStop() {
    if (users_ == 0) return;
    if (--users_ == 0) stopFactory();
  }

  // A factory that makes a P for each connection, from copies of `arguments`.
  template <class P, class... A>
  static std::shared_ptr<Factory> forProtocol(A... arguments);

 private:
  std::uint32_t users_ = 0;
};

// ClientFactory: a Factory that is told what becomes of the attempts to connect.
//
// Example (tests/examples/protocol_example.cpp, "connect"):
//
//   class Client : public ClientFactory {
//     std::shared_ptr<Protocol> buildProtocol(const Address&) override {
//       return std::make_shared<Echo>();
//     }
//     void clientConnectionFailed(Connector&, const Failure& why) override { report(why); }
//   };
//
// Guarantees: startedConnecting first, then connectionMade or clientConnectionFailed; at the end
//             the protocol's connectionLost before clientConnectionLost. The connector is always
//             the same.
// Source:     Twisted's ClientFactory.
class ClientFactory : public Factory {
 public:
  virtual void startedConnecting(Connector& connector) { static_cast<void>(connector); }
  virtual void clientConnectionFailed(Connector& connector, const Failure& reason) {
    static_cast<void>(connector);
    static_cast<void>(reason);
  }
  virtual void clientConnectionLost(Connector& connector, const Failure& reason) {
    static_cast<void>(connector);
    static_cast<void>(reason);
  }
};

// DatagramProtocol: the callbacks of one datagram port.
//
// Example (tests/examples/protocol_example.cpp, "udp echo"):
//
//   class UdpEcho : public DatagramProtocol {
//     void datagramReceived(ConstBytes data, const Address& peer) override {
//       transport().write(data, peer);
//     }
//   };
//
// Guarantees: startProtocol first, stopProtocol last. An exception is logged and the port lives on.
// Source:     Twisted's DatagramProtocol.
class DatagramProtocol {
 public:
  DatagramProtocol() noexcept {}
  DatagramProtocol(const DatagramProtocol&) = delete;
  DatagramProtocol& operator=(const DatagramProtocol&) = delete;
  virtual ~DatagramProtocol() = default;

  virtual void startProtocol() {}
  // `data` is valid during the call only.
  virtual void datagramReceived(ConstBytes data, const Address& peer) = 0;
  // A connected port's peer refused a datagram.
  virtual void connectionRefused() {}
  virtual void stopProtocol() {}

 protected:
  // Requires: Between startProtocol and the end of stopProtocol.
  DatagramTransport& transport() const {
    if (transport_ == nullptr) contract_violation("a protocol used its transport unconnected");
    return *transport_;
  }

 private:
  friend class DatagramPort;

  DatagramTransport* transport_ = nullptr;
};

namespace detail {

template <class P, class... A>
class FactoryFor final : public Factory {
 public:
  explicit FactoryFor(std::tuple<A...> arguments) : arguments_(std::move(arguments)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::apply([](const A&... each) { return std::make_shared<P>(each...); }, arguments_);
  }

 private:
  std::tuple<A...> arguments_;
};

}  // namespace detail

template <class P, class... A>
std::shared_ptr<Factory> Factory::forProtocol(A... arguments) {
  constexpr bool is_protocol = std::is_convertible_v<P*, Protocol*>;
  constexpr bool can_be_made = std::is_constructible_v<P, const A&...>;
  static_assert(is_protocol, "forProtocol<P>: P derives from Protocol");
  static_assert(!std::is_abstract_v<P>,
                "forProtocol<P>: P is abstract; at the least it overrides dataReceived");
  static_assert(can_be_made || std::is_abstract_v<P>,
                "forProtocol<P>(arguments): P has no public constructor that takes copies of them");
  if constexpr (is_protocol && can_be_made) {
    using Made = detail::FactoryFor<P, A...>;
    return std::make_shared<Made>(std::tuple<A...>(std::move(arguments)...));
  } else {
    return nullptr;
  }
}

}  // namespace coil
