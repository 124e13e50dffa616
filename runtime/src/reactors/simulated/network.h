// VirtualNetwork: the sockets of one simulated machine, and what travels between them. Included by
// the simulated reactor.
#pragma once

#include "link.h"
#include "timeline.h"
#include "virtual_socket.h"

#include <coil/runtime/operations.h>
#include <coil/runtime/socket_calls.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coil::detail {

// The machine has every address. Nothing here calls back from inside a call: whatever a call causes
// is an event of the timeline, and only events report changes.
class VirtualNetwork final : public SocketCalls {
 public:
  // Told, from events, the handle whose operations are worth another attempt.
  using OnChange = std::function<void(HandleId)>;

  VirtualNetwork(Random& random, Timeline& timeline, testing::SimulatedNetwork& settings,
                 OnChange on_change)
      : timeline_(timeline),
        settings_(settings),
        link_(random, settings),
        on_change_(std::move(on_change)) {}

  Result<NativeHandle> open(SocketFamily family, SocketType type) override;
  Result<> bind(NativeHandle socket, const NativeAddress& local) override;
  Result<> listen(NativeHandle socket, int backlog_max) override;
  Result<> connect_datagram(NativeHandle socket, const NativeAddress& peer) override;
  Result<NativeAddress> local_address(NativeHandle socket) override;
  Result<NativeAddress> peer_address(NativeHandle socket) override;
  Result<> set_option(NativeHandle socket, SocketOption option, int value) override;
  Result<int> get_option(NativeHandle socket, SocketOption option) override;
  Result<> membership(NativeHandle socket, const NativeAddress& group, const NativeAddress& through,
                      bool join) override;
  Attempt send_now(NativeHandle socket, std::span<const ConstBytes> pieces) noexcept override;
  Result<> shutdown(NativeHandle socket, ShutdownSide side) override;
  void close(NativeHandle handle) noexcept override;

  // True for every number that this network ever gave out, or will.
  static bool owns(NativeHandle handle) noexcept { return handle.value() >= first_handle; }
  // Null for a socket that was closed, and for what is none of this network's.
  VirtualSocket* find(NativeHandle handle) noexcept;
  // Carries an operation out as far as that is possible now; nothing if it has to wait.
  Attempt attempt(Operation& op, VirtualSocket& socket, BufferPool& pool);

 private:
  // Larger than any descriptor of a real kernel, so that the two are never mistaken.
  static constexpr std::intptr_t first_handle = std::intptr_t{1} << 30;
  using Ports = std::map<std::uint32_t, std::vector<VirtualSocket*>>;

  // network.cpp
  VirtualSocket& create(SocketFamily family, SocketType type);
  void destroy(VirtualSocket& socket) noexcept;
  int bind_to(VirtualSocket& socket, SocketAddress local);
  int bind_somewhere(VirtualSocket& socket, SocketAddress local);
  std::uint16_t free_port(const VirtualSocket& socket);
  bool conflicts(VirtualSocket& socket, const SocketAddress& local, bool listening);
  std::vector<VirtualSocket*>& bound_to(const SocketAddress& address, SocketType type);
  void changed(NativeHandle handle);
  void touch(NativeHandle handle);
  bool possible(const Operation& op, VirtualSocket& socket) noexcept;
  bool readable(VirtualSocket& socket) noexcept;
  bool writable(VirtualSocket& socket) noexcept;
  void suffer(VirtualSocket& socket, int fault);
  Attempt perform(Operation& op, VirtualSocket& socket, BufferPool& pool);

  // streams.cpp
  Attempt connect(ConnectOperation& op, VirtualSocket& socket);
  void send_request(NativeHandle client, int tries);
  void receive_request(NativeHandle client, int tries);
  void fail_connect(NativeHandle client, int number);
  VirtualSocket* find_listener(const SocketAddress& to);
  Attempt accept(VirtualSocket& listener);
  Attempt receive(VirtualSocket& socket, MutableBytes into);
  Attempt receive_lease(ReceiveLeaseOperation& op, VirtualSocket& socket, BufferPool& pool);
  Attempt send(VirtualSocket& socket, std::span<const ConstBytes> pieces);
  void arrive(NativeHandle receiver);
  TimePoint next_arrival(VirtualSocket& receiver) noexcept;
  void send_end(VirtualSocket& socket);
  void send_reset(NativeHandle to);
  void reset(NativeHandle socket);
  void break_connection(VirtualSocket& socket);
  void close_stream(VirtualSocket& socket);
  int end_stream(VirtualSocket& socket, ShutdownSide side);

  // datagrams.cpp
  Attempt send_to(VirtualSocket& socket, ConstBytes bytes, const NativeAddress& to);
  Attempt receive_from(ReceiveFromOperation& op, VirtualSocket& socket);
  Attempt receive_datagram(VirtualSocket& socket, MutableBytes into);
  void deliver(const SocketAddress& to, Message message, NativeHandle sender);
  void deliver_to_many(const SocketAddress& to, const Message& message);
  void put(VirtualSocket& socket, Message message);
  VirtualSocket* find_receiver(const SocketAddress& to, const SocketAddress& from);
  int set_peer(VirtualSocket& socket, const NativeAddress& peer);

  Timeline& timeline_;
  testing::SimulatedNetwork& settings_;
  Link link_;
  OnChange on_change_;
  std::vector<std::unique_ptr<VirtualSocket>> sockets_;  // A number is never used again.
  std::size_t counted_ = 0;
  Ports ports_;
  std::uint32_t next_port_ = 0;
};

}  // namespace coil::detail
