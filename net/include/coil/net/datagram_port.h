// listenUDP, listenMulticast, adoptDatagramPort: where datagram protocols meet the network.
#pragma once

#include <coil/net/address.h>
#include <coil/net/datagram.h>
#include <coil/net/protocol.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/reactor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace coil {

// DatagramPortOptions: what listenUDP is asked for.
//
// Example (tests/examples/datagram_port_example.cpp, "options"):
//
//   auto options = DatagramPortOptions().set_max_packet_size(1500).set_listen_multiple(true);
//   auto port = listenUDP(reactor, Address::any(0), protocol, options);
class DatagramPortOptions {
 public:
  DatagramPortOptions() noexcept {}
  // What comes longer than this is delivered without its rest. Nothing is longer than the default.
  DatagramPortOptions& set_max_packet_size(std::size_t value) noexcept {
    max_packet_size = value;
    return *this;
  }
  // Several ports may share the address; each of them gets what is sent to a group it joined.
  DatagramPortOptions& set_listen_multiple(bool value) noexcept {
    listen_multiple = value;
    return *this;
  }
  std::size_t max_packet_size = DatagramSocket::size_max;
  bool listen_multiple = false;
};

// DatagramTransport: the datagram port as its protocol sees it.
//
// Example (tests/examples/datagram_port_example.cpp, "group"):
//
//   class Member : public DatagramProtocol {
//     void startProtocol() override {
//       transport().setTTL(5);
//       transport().joinGroup(group);  // A failure that nobody takes care of is reported.
//     }
//     void datagramReceived(ConstBytes data, const Address& peer) override {
//       if (as_text(data) == "who is there?") transport().write("me", peer);
//     }
//   };
//
// Guarantees: One port never holds up the rest of the loop, however much arrives. A receive or a
//             send that fails ends none of the later ones.
// Errors:     HandleClosed for whatever asks or sets something when stopListening has fired; what
//             is written after its call is dropped.
// Source:     Twisted's IUDPTransport, IMulticastTransport and IListeningPort.
class DatagramTransport {
 public:
  // Datagrams beyond this many queued bytes are dropped, as a full network would drop them.
  static constexpr std::size_t queued_bytes_max = 1024 * 1024;

  virtual ~DatagramTransport() = default;

  // Queues a copy of `data`. A refusal by the receiver is ignored, or told by connectionRefused if
  // the port is connected; whatever else the system refuses to send is logged.
  //
  // Errors: MessageLengthError over 65,507 bytes; InvalidAddressError for another family;
  //         std::logic_error for an address other than that of the connected peer.
  virtual void write(ConstBytes data, const Address& to) = 0;
  // `host` is numeric, or "<broadcast>". Errors: InvalidAddressError for anything else.
  void write(ConstBytes data, std::string_view host, std::uint16_t port);
  // To the connected peer. Errors: std::logic_error if there is none.
  virtual void write(ConstBytes data) = 0;

  // Fixes the peer: only its datagrams are delivered from now on, and connectionRefused is called
  // when it refuses one.
  //
  // Errors: InvalidAddressError for another family; std::logic_error the second time.
  virtual void connect(const Address& peer) = 0;
  // `host` is numeric. Errors: InvalidAddressError for anything else.
  void connect(std::string_view host, std::uint16_t port);
  virtual Address getHost() const = 0;
  // Nothing is delivered any more, what was written before still goes out, then stopProtocol is
  // called, never from inside this call, and the Deferred fires: the address can be bound again.
  virtual Deferred<void> stopListening() = 0;

  // Whether datagrams may be sent to a broadcast address.
  virtual void setBroadcastAllowed(bool allowed) = 0;
  virtual bool getBroadcastAllowed() const = 0;

  // Receives what is sent to a group. The interface is named by its IPv4 address, or by the scope
  // of an IPv6 one; the system picks where nothing is said.
  //
  // Errors: MulticastJoinError through the Deferred, for what is no group too.
  virtual Deferred<void> joinGroup(const IpAddress& group,
                                   const IpAddress& through = IpAddress()) = 0;
  virtual Deferred<void> leaveGroup(const IpAddress& group,
                                    const IpAddress& through = IpAddress()) = 0;
  // How many routers a datagram to a group may pass; 1 unless set.
  virtual void setTTL(int hops) = 0;
  virtual int getTTL() const = 0;
  // Whether datagrams to a group also arrive at its members on this machine; they do unless set.
  virtual void setLoopbackMode(bool on) = 0;
  virtual bool getLoopbackMode() const = 0;
  // On which interface datagrams to a group go out, named as for joinGroup.
  //
  // Errors: InvalidAddressError for an address that names none; SystemError.
  virtual void setOutgoingInterface(const IpAddress& through) = 0;
  virtual IpAddress getOutgoingInterface() const = 0;
};

// Binds before it returns; startProtocol is called from the loop, before the first datagram.
//
// Errors: CannotListenError, naming the address; std::logic_error if the protocol has a port.
// Source: Twisted's listenUDP.
std::shared_ptr<DatagramTransport> listenUDP(Reactor& reactor, const Address& local,
                                             std::shared_ptr<DatagramProtocol> protocol,
                                             DatagramPortOptions options = DatagramPortOptions());
// `local` is numeric; empty means every IPv4 interface.
//
// Errors: also InvalidAddressError for anything else.
std::shared_ptr<DatagramTransport> listenUDP(Reactor& reactor, std::uint16_t port,
                                             std::shared_ptr<DatagramProtocol> protocol,
                                             std::string_view local = {},
                                             DatagramPortOptions options = DatagramPortOptions());

// The same as listenUDP, for every port can join groups.
//
// Source: Twisted's listenMulticast.
std::shared_ptr<DatagramTransport> listenMulticast(
    Reactor& reactor, const Address& local, std::shared_ptr<DatagramProtocol> protocol,
    DatagramPortOptions options = DatagramPortOptions());

// Serves a duplicate of a UDP socket that was bound elsewhere; the caller may close its own at
// once. Of the options only the packet size matters.
//
// Errors: UnsupportedAddressFamily, UnsupportedSocketType; SystemError for a bad handle, and on a
//         reactor that has no sockets from outside; std::logic_error if the protocol has a port.
// Source: Twisted's IReactorSocket.adoptDatagramPort.
std::shared_ptr<DatagramTransport> adoptDatagramPort(
    Reactor& reactor, NativeHandle socket, std::shared_ptr<DatagramProtocol> protocol,
    DatagramPortOptions options = DatagramPortOptions());

}  // namespace coil
