// serve: accepts connections and runs one task for each.
#pragma once

#include <coil/net/tcp.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/closure_in_place.h>
#include <coil/runtime/event.h>
#include <coil/runtime/task_group.h>

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <type_traits>
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

// How many are being served, for the accepting loop that waits at its limit.
class Served {
 public:
  Served() noexcept {}
  std::size_t open = 0;
  Event one_ended;
};

// One that is being served; it is counted from here to its destruction.
class ServedOne {
 public:
  explicit ServedOne(Served& served) noexcept : served_(&served) { ++served_->open; }
  ServedOne(ServedOne&& other) noexcept : served_(std::exchange(other.served_, nullptr)) {}
  ServedOne& operator=(ServedOne&&) = delete;
  ~ServedOne() {
    if (served_ == nullptr) return;
    --served_->open;
    served_->one_ended.set();
  }

 private:
  Served* served_;
};

template <class F>
concept ServesStreams = requires(F& handler, TcpStream stream) {
  { handler(std::move(stream)) } -> Awaitable;
};

// A failed connection is its own affair: it is logged, and the server goes on.
template <class F>
Task<void> serve_one(F* handler, TcpStream stream, ServedOne) {
  Reactor& reactor = stream.reactor();
  try {
    using T = await_result_t<std::invoke_result_t<F&, TcpStream>>;
    if constexpr (is_result<T>) {
      const T result = co_await (*handler)(std::move(stream));
      if (!result) result.error().raise();
    } else {
      co_await (*handler)(std::move(stream));
    }
  } catch (const Cancelled&) {
    throw;
  } catch (const ConnectionClosed&) {
    // The peer went away: everyday life of a server.
  } catch (const EndOfStream&) {
    // The same, where read_until or read_exactly would have read on.
  } catch (...) {
    reactor.log_current("connection");
  }
}

template <class F>
Task<void> accept_into(TaskGroup& group, TcpListener& listener, F& handler, Served& served,
                       ServeOptions options) {
  const Accepting how = options.connections_max == SIZE_MAX ? Accepting::all : Accepting::one;
  for (;;) {
    while (served.open >= options.connections_max) {
      served.one_ended.clear();
      co_await served.one_ended.wait();
    }
    Result<TcpStream> stream = co_await as_result(listener.accept(how));
    if (stream) {
      group.spawn(&serve_one<F>, &handler, std::move(*stream), ServedOne(served));
    } else if (stream.error().code() == Errc::handle_closed) {
      co_return;
    } else {
      stream.error().raise();
    }
  }
}

template <class F>
Task<void> serve_all(TcpListener& listener, F handler, ServeOptions options) {
  Served served;
  auto body = [&](TaskGroup& group) {
    return accept_into<F>(group, listener, handler, served, options);
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
// Requires:     The listener outlives the call; a limit is at least 1.
// Guarantees:   A handler that throws is logged and ends nobody else. Not logged is that the peer
//               has gone, which every client does once: ConnectionLost and its kin, and
//               EndOfStream, with which read_until and read_exactly end then. A handler to which
//               half a message is news takes it with as_result. At the limit nothing is accepted:
//               peers wait in the backlog.
// Errors:       SystemError if accepting fails for good.
// Cancellation: Cancellable; some bytes may have been transferred.
template <class F>
Task<void> serve(TcpListener& listener, F&& handler, ServeOptions options = ServeOptions()) {
  constexpr bool callable = detail::ServesStreams<std::decay_t<F>>;
  static_assert(callable,
                "serve takes a function that is called with each TcpStream, by value, and returns "
                "a Task: write serve(listener, &f), not serve(listener, f(x))");
  if constexpr (callable) {
    detail::refuse_closure_in_place<F>();
    return detail::serve_all<std::decay_t<F>>(listener, std::forward<F>(handler), options);
  } else {
    return Task<void>();
  }
}

}  // namespace coil
