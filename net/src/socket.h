// Opening a socket at an address. Included by the sources of the socket types.
#pragma once

#include <coil/net/address.h>
#include <coil/net/detail/owned_socket.h>
#include <coil/runtime/result.h>

#include <vector>

namespace coil::detail {

class OptionValue {
 public:
  OptionValue(SocketOption which, int raw) noexcept : option(which), value(raw) {}
  SocketOption option;
  int value;
};

// A socket with these options, bound to `local`: a listener-to-be, or one for datagrams.
//
// Errors: CannotListenError, naming the address.
OwnedSocket open_bound(Reactor& reactor, SocketType type, const Address& local,
                       const std::vector<OptionValue>& options);

// Throws CannotListenError, naming the address, if there is an error.
void check_listening(const Result<>& result, const Address& local);

// Throws unless `socket`, which comes from outside, is a TCP socket in the state that is wanted.
//
// Errors: UnsupportedAddressFamily, UnsupportedSocketType, SystemError.
enum class Adopted : bool { connected, listening };
void check_adoptable(Reactor& reactor, NativeHandle socket, Adopted as);

}  // namespace coil::detail
