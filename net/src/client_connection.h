// The one way to a connection for protocols. Included by the connector and the client endpoints.
#pragma once

#include <coil/net/connector.h>
#include <coil/net/tcp.h>
#include <coil/runtime/task.h>

namespace coil::detail {

// Connects within the time that `options` allow.
//
// Errors:       ConnectError, naming the peer; TimedOut also after the time.
// Cancellation: Cancellable; if cancelled, nothing was transferred. A connection that succeeded
//               before the request reached it is closed.
Task<TcpStream> connect_within(Reactor& reactor, Address peer, ConnectOptions options);

}  // namespace coil::detail
