// OwnedSocket: a handle that closes itself, and how outcomes become what a caller asked for.
#pragma once

#include <coil/net/address.h>
#include <coil/runtime/handle_table.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/operations.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/socket_calls.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace coil::detail {

class Duplex;  // A transport's own way to what a stream holds.

// What every socket type holds: the reactor, and the id of the handle there.
class OwnedSocket {
 public:
  OwnedSocket() noexcept {}
  // Takes over `native`, which is closed if the reactor has no memory for it.
  OwnedSocket(Reactor& reactor, NativeHandle native, HandleKind kind);
  OwnedSocket(OwnedSocket&& other) noexcept
      : reactor_(other.reactor_), id_(std::exchange(other.id_, HandleId())) {}
  OwnedSocket& operator=(OwnedSocket&& other) noexcept {
    if (this != &other) {
      close();
      reactor_ = other.reactor_;
      id_ = std::exchange(other.id_, HandleId());
    }
    return *this;
  }
  ~OwnedSocket() { close(); }

  void close() noexcept {
    if (id_.valid()) reactor_->handles().close(std::exchange(id_, HandleId()));
  }
  // Gives the native handle to the caller, see HandleTable::release. Errors: HandleClosed.
  NativeHandle release(std::vector<std::byte>& unread);
  Reactor& reactor() const {
    if (reactor_ == nullptr) contract_violation("a socket was used that was never opened");
    return *reactor_;
  }
  // The same without a look. Requires: It was opened.
  Reactor& known_reactor() const noexcept { return *reactor_; }
  HandleId id() const noexcept { return id_; }
  // The live slot, or null when the handle was closed.
  HandleSlot* slot() const noexcept {
    return id_.valid() ? reactor_->handles().find(id_) : nullptr;
  }
  // The native handle. Errors: HandleClosed.
  NativeHandle native() const;
  Address local_address() const;
  Address peer_address() const;
  // Leaves the handle open, for whoever has its id.
  HandleId give_up() noexcept { return std::exchange(id_, HandleId()); }

  template <class O>
  O get() const {
    return O::from_raw(raw_option(O::option));
  }
  template <class O>
  void set(const O& value) const {
    set_raw_option(O::option, value.raw());
  }

 private:
  int raw_option(SocketOption option) const;
  void set_raw_option(SocketOption option, int value) const;

  Reactor* reactor_ = nullptr;
  HandleId id_;
};

// Types of their own rather than lambdas, because an awaiter is a temporary of a co_await.
class ToSize {
 public:
  ToSize() noexcept {}
  template <class Op>
  std::size_t operator()(Op&, std::int64_t outcome) const noexcept {
    return static_cast<std::size_t>(outcome);
  }
};
class ToNothing {
 public:
  ToNothing() noexcept {}
  template <class Op>
  void operator()(Op&, std::int64_t) const noexcept {}
};
class ToLease {
 public:
  ToLease() noexcept {}
  BufferLease operator()(ReceiveLeaseOperation& op, std::int64_t) const noexcept {
    return std::move(op.lease);
  }
};

}  // namespace coil::detail
