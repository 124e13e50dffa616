// Duplex: what a transport reads from and writes to: one socket, or a pipe for each way. Included
// by stream_transport.h.
#pragma once

#include <coil/net/detail/owned_socket.h>
#include <coil/net/pipe.h>
#include <coil/net/tcp.h>
#include <coil/runtime/await.h>

#include <utility>

namespace coil::detail {

class Duplex {
 public:
  explicit Duplex(TcpStream stream) noexcept
      : input_(std::move(stream.socket_)), output_(input_.id()) {
    static_cast<void>(input_.reactor());  // Of a stream that was opened.
  }
  Duplex(PipeReader reader, PipeWriter writer) noexcept
      : input_(std::move(reader.handle_)), output_(writer.handle_.give_up()) {
    static_cast<void>(input_.reactor());
  }
  Duplex(const Duplex&) = delete;
  Duplex& operator=(const Duplex&) = delete;
  ~Duplex() { close(); }

  Reactor& reactor() const noexcept { return input_.known_reactor(); }
  HandleId input() const noexcept { return input_.id(); }
  HandleId output() const noexcept { return output_; }
  // Null when it was closed.
  HandleSlot* output_slot() const noexcept { return reactor().handles().find(output_); }
  bool is_socket() const noexcept { return input_.id() == output_; }
  bool is_open() const noexcept { return input_.slot() != nullptr; }
  // A pipe has no address.
  Address local_address() const { return is_socket() ? input_.local_address() : Address(); }
  template <class O>
  O get() const {
    return input_.get<O>();
  }
  template <class O>
  void set(const O& value) const {
    input_.set(value);
  }

  auto write_some(ConstBytes from) {
    using Write = Await<SendOperation, std::size_t, ToSize>;
    return Write(ToSize(), reactor(), output_, from);
  }
  // Ends the sending side of what has a side.
  auto shutdown_write() {
    using Shutdown = Await<ShutdownOperation, void, ToNothing>;
    return Shutdown(ToNothing(), reactor(), output_);
  }
  void unread(ConstBytes bytes) {
    if (HandleSlot* const slot = input_.slot()) slot->unread.prepend(bytes);
  }
  void close_output() noexcept { reactor().handles().close(output_); }
  void close() noexcept {
    if (!input_.id().valid()) return;
    reactor().handles().close(std::exchange(output_, HandleId()));
    input_.close();
  }
  void abort() noexcept {
    if (HandleSlot* const slot = input_.slot()) slot->linger_zero = true;
    close();
  }
  // Requires: is_socket().
  TcpStream take_socket() noexcept { return TcpStream(std::move(input_)); }

 private:
  OwnedSocket input_;
  HandleId output_;  // The same for a socket. A name that is stale is closed in vain.
};

}  // namespace coil::detail
