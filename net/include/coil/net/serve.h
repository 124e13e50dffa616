// serve: accepts connections and runs one task for each.
#pragma once

#include <coil/net/tcp.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/closure_in_place.h>
#include <coil/runtime/detail/strand.h>
#include <coil/runtime/sleep.h>

#include <cstddef>
#include <cstdint>
#include <exception>
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

// AcceptsStreams: what connections come from: a TcpListener, or a share of a port.
template <class L>
concept AcceptsStreams = requires(L& listener) {
  { listener.accept(Accepting::all) } -> AwaitableOf<TcpStream>;
};

namespace detail {

template <class F>
concept ServesStreams = requires(F& handler, TcpStream stream) {
  { handler(std::move(stream)) } -> Awaitable;
};

// The connections that are being served. A failed one is its own affair: it is logged, and the
// server goes on.
class Served final : public ChildScope {
 public:
  explicit Served(TaskContext& outer) noexcept : ChildScope(outer) {}
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  bool gave_up() const noexcept { return gave_up_; }

 private:
  void child_failed(std::exception_ptr failure) noexcept override {
    try {
      std::rethrow_exception(std::move(failure));
    } catch (const ConnectionClosed&) {
      // The peer went away: everyday life of a server.
    } catch (const EndOfStream&) {
      // The same, where read_until or read_exactly would have read on.
    } catch (...) {
      reactor().log_current("connection");
    }
  }
  void child_gave_up() noexcept override { gave_up_ = true; }

  bool gave_up_ = false;
};

// For a handler that gives anything but a Task<void>, which needs no frame around its own.
template <class F>
Task<void> serve_one(F* handler, TcpStream stream) {
  using T = await_result_t<std::invoke_result_t<F&, TcpStream>>;
  if constexpr (is_result<T>) {
    const T result = co_await (*handler)(std::move(stream));
    if (!result) result.error().raise();
  } else {
    co_await (*handler)(std::move(stream));
  }
}

template <class F>
void start_serving(Served& served, F& handler, TcpStream stream) {
  if constexpr (std::is_same_v<std::invoke_result_t<F&, TcpStream>, Task<void>>) {
    try {
      start_child(served, handler(std::move(stream)));
    } catch (...) {
      served.child_threw();
    }
  } else {
    start_child(served, serve_one<F>(&handler, std::move(stream)));
  }
}

template <class L, class F>
Task<void> accept_into(Served& served, L& listener, F& handler, ServeOptions options) {
  const Accepting how = options.connections_max == SIZE_MAX ? Accepting::all : Accepting::one;
  for (;;) {
    co_await served.join().wait_until_left(options.connections_max - 1);
    Result<TcpStream> stream = co_await as_result(listener.accept(how));
    if (stream) {
      start_serving(served, handler, std::move(*stream));
    } else if (stream.error().code() == Errc::handle_closed) {
      co_return;
    } else {
      stream.error().raise();
    }
  }
}

template <class L, class F>
Task<void> serve_all(L& listener, F handler, ServeOptions options) {
  TaskContext& outer = co_await current_context();
  Served served(outer);
  std::exception_ptr thrown;
  try {
    co_await accept_into<L, F>(served, listener, handler, options);
  } catch (...) {
    thrown = std::current_exception();
    served.cancel();
  }
  while (served.join().live() != 0) co_await served.join().wait();
  if (thrown) std::rethrow_exception(thrown);
  if (served.gave_up() && outer.cancel_requested()) throw Cancelled();
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
template <AcceptsStreams L, class F>
Task<void> serve(L& listener, F&& handler, ServeOptions options = ServeOptions()) {
  constexpr bool callable = detail::ServesStreams<std::decay_t<F>>;
  static_assert(callable,
                "serve takes a function that is called with each TcpStream, by value, and returns "
                "a Task: write serve(listener, &f), not serve(listener, f(x))");
  if constexpr (callable) {
    detail::refuse_closure_in_place<F>();
    return detail::serve_all<L, std::decay_t<F>>(listener, std::forward<F>(handler), options);
  } else {
    return Task<void>();
  }
}

}  // namespace coil
