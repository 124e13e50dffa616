// The error category, and the one table that gives each code its exception type.
#include <coil/runtime/error.h>

#include <cstdio>
#include <cstdlib>

namespace coil {

namespace {

class CoilCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "coil"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::ok:
        return "no error";
      case Errc::handle_closed:
        return "the handle was closed here";
      case Errc::connection_done:
        return "the connection was closed cleanly";
      case Errc::connection_aborted:
        return "the connection was aborted here";
      case Errc::end_of_stream:
        return "the stream ended too early";
      case Errc::buffer_limit:
        return "the connection holds more received bytes than it may";
      case Errc::message_too_long:
        return "the end of the message did not come within the limit";
      case Errc::timed_out:
        return "the time limit passed";
      case Errc::reactor_stopped:
        return "the reactor ended first";
      case Errc::executor_stopped:
        return "the thread pool was stopped first";
      case Errc::cancelled:
        return "the task was cancelled";
      case Errc::deferred_cancelled:
        return "the Deferred was cancelled";
      case Errc::address_invalid:
        return "the address is invalid";
      case Errc::not_supported:
        return "this is not supported here";
    }
    return "unknown coil error " + std::to_string(value);
  }
};

template <class E>
[[noreturn]] void raise(std::error_code code, const char* what) {
  throw E(code, what);
}

[[noreturn]] void throw_coil_error(std::error_code code, const char* what) {
  switch (static_cast<Errc>(code.value())) {
    case Errc::cancelled:
      throw Cancelled();
    case Errc::handle_closed:
      raise<HandleClosed>(code, what);
    case Errc::connection_done:
      raise<ConnectionDone>(code, what);
    case Errc::connection_aborted:
      raise<ConnectionAborted>(code, what);
    case Errc::end_of_stream:
      raise<EndOfStream>(code, what);
    case Errc::buffer_limit:
      raise<BufferLimit>(code, what);
    case Errc::message_too_long:
      raise<MessageTooLong>(code, what);
    case Errc::timed_out:
      raise<TimedOut>(code, what);
    case Errc::reactor_stopped:
      raise<ReactorStopped>(code, what);
    case Errc::executor_stopped:
      raise<ExecutorStopped>(code, what);
    case Errc::address_invalid:
      raise<InvalidAddressError>(code, what);
    default:
      raise<SystemError>(code, what);
  }
}

}  // namespace

const std::error_category& coil_category() noexcept {
  static const CoilCategory category;
  return category;
}

std::error_code make_error_code(Errc code) noexcept {
  return std::error_code(static_cast<int>(code), coil_category());
}

void throw_error(std::error_code code, const char* what) {
  if (code.category() == coil_category()) throw_coil_error(code, what);
  if (code == std::errc::connection_reset || code == std::errc::broken_pipe ||
      code == std::errc::timed_out) {
    raise<ConnectionLost>(code, what);
  }
  if (code == std::errc::connection_aborted) raise<ConnectionAborted>(code, what);
  if (code == std::errc::connection_refused) raise<ConnectionRefusedError>(code, what);
  if (code == std::errc::host_unreachable || code == std::errc::network_unreachable) {
    raise<NoRouteError>(code, what);
  }
  if (code == std::errc::message_size) raise<MessageLengthError>(code, what);
  raise<SystemError>(code, what);
}

void contract_violation(const char* sentence) noexcept {
  std::fprintf(stderr, "coil: requirement broken: %s\n", sentence);
  std::abort();
}

}  // namespace coil
