// serve: accepts connections and runs one task for each.
#pragma once

#include <coil/net/tcp.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/event.h>
#include <coil/runtime/task_group.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace coil {

// ServeOptions: how many connections serve() keeps at a time.
//
// Example (tests/examples/tcp_example.cpp, "serve"):
//
//   co_await serve(listener, &echo, ServeOptions().set_connections_max(1000));
class ServeOptions {
 public:
  ServeOptions() noexcept {}
  ServeOptions& set_connections_max(std::size_t value) noexcept {
    connections_max = value;
    return *this;
  }
  std::size_t connections_max = SIZE_MAX;
};

namespace detail {

// A failed connection is its own affair: it is logged, and the server goes on.
template <class F>
Task<void> serve_one(F* handler, TcpStream stream, Event* one_ended) {
  Reactor& reactor = stream.reactor();
  bool cancelled = false;
  try {
    co_await (*handler)(std::move(stream));
  } catch (const Cancelled&) {
    cancelled = true;
  } catch (const ConnectionClosed&) {
    // The peer went away: everyday life of a server.
  } catch (...) {
    reactor.log_current("connection");
  }
  one_ended->set();
  if (cancelled) throw Cancelled();
}

template <class F>
Task<void> accept_into(TaskGroup& group, TcpListener& listener, F& handler, Event& one_ended,
                       ServeOptions options) {
  for (;;) {
    while (group.size() >= options.connections_max) {
      one_ended.clear();
      co_await one_ended.wait();
    }
    Result<TcpStream> stream = co_await as_result(listener.accept());
    if (!stream) {
      if (stream.error().code() == Errc::handle_closed) co_return;
      stream.error().raise();
    }
    group.spawn(&serve_one<F>, &handler, std::move(*stream), &one_ended);
  }
}

template <class F>
Task<void> serve_all(TcpListener& listener, F handler, ServeOptions options) {
  Event one_ended;
  auto body = [&](TaskGroup& group) {
    return accept_into<F>(group, listener, handler, one_ended, options);
  };
  co_await with_task_group(body);
}

}  // namespace detail

// Accepts from `listener` and runs handler(stream) for each connection until the listener is
// closed and the last handler has ended.
//
// Example (tests/examples/tcp_example.cpp, "serve"):
//
//   Task<void> echo(TcpStream stream) {
//     for (;;) {
//       BufferLease data = co_await stream.receive();
//       if (data.empty()) co_return;
//       co_await write_all(stream, data.bytes());
//     }
//   }
//   co_await serve(listener, &echo);
//
// Guarantees:   A handler that throws is logged, unless the connection was lost, and ends nobody
//               else. At the limit nothing is accepted: peers wait in the backlog.
// Cancellation: Cancels the handlers and waits for them.
template <class F>
Task<void> serve(TcpListener& listener, F handler, ServeOptions options = ServeOptions()) {
  return detail::serve_all<F>(listener, std::move(handler), options);
}

}  // namespace coil
