// The errors that coil reports: one category of its own, and one exception type per meaning.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace coil {

// The conditions that have no system error number.
enum class Errc {
  ok = 0,
  handle_closed,       // The handle was closed here while, or before, it was used.
  connection_done,     // The connection was closed cleanly.
  connection_aborted,  // This side aborted the connection.
  end_of_stream,       // The stream ended in the middle of what was asked for.
  buffer_limit,        // A connection holds more received bytes than its limit allows.
  message_too_long,    // A delimiter or frame end did not come within the limit.
  timed_out,
  reactor_stopped,   // The reactor ended before the call could run.
  executor_stopped,  // A thread pool was stopped before the work could begin.
  cancelled,         // The task's scope was cancelled; becomes Cancelled, never a value.
  deferred_cancelled,
  address_invalid,
  not_supported,
};

// Returns the category of Errc.
const std::error_category& coil_category() noexcept;
std::error_code make_error_code(Errc code) noexcept;
// Returns the code of a positive system error number.
std::error_code system_error_code(int number) noexcept;

// Cancelled: thrown by an await whose scope was cancelled.
//
// It is no std::exception, so that `catch (const std::exception&)` in a retry loop cannot swallow
// it, and no value: as_result and or_return let it through.
//
// Example (tests/examples/error_example.cpp, "cancelled"):
//
//   try {
//     co_await sleep(std::chrono::hours(1));
//   } catch (const Cancelled&) {
//     log.push_back("told to stop");
//     throw;
//   }
class Cancelled {
 public:
  Cancelled() noexcept {}
};

// SystemError: an error with a code; base of every error that an operation reports.
//
// Example (tests/examples/error_example.cpp, "system error"):
//
//   try {
//     TcpListener::bind(*reactor, where);
//   } catch (const SystemError& error) {
//     if (error.code() == std::errc::address_in_use) try_another_port();
//   }
class SystemError : public std::system_error {
 public:
  SystemError(std::error_code code, const std::string& what) : std::system_error(code, what) {}
  explicit SystemError(std::error_code code) : std::system_error(code) {}
};

// Each of these types adds a meaning and nothing else, so that a catch clause can name it.
#define COIL_ERROR_TYPE(Name, Base) \
  class Name : public Base {        \
   public:                          \
    using Base::Base;               \
  }

// The connection is over (Twisted's ConnectionClosed family).
COIL_ERROR_TYPE(ConnectionClosed, SystemError);
COIL_ERROR_TYPE(ConnectionDone, ConnectionClosed);   // Cleanly.
COIL_ERROR_TYPE(ConnectionLost, ConnectionClosed);   // Reset, timed out or closed by the reactor.
COIL_ERROR_TYPE(ConnectionAborted, ConnectionLost);  // By abortConnection or abort().
COIL_ERROR_TYPE(HandleClosed, SystemError);          // The handle was closed on this side.
COIL_ERROR_TYPE(EndOfStream, SystemError);           // The stream ended too early.
COIL_ERROR_TYPE(BufferLimit, SystemError);
COIL_ERROR_TYPE(MessageTooLong, SystemError);

// A connection attempt failed (Twisted's ConnectError family; the system error is kept).
COIL_ERROR_TYPE(ConnectError, SystemError);
COIL_ERROR_TYPE(ConnectionRefusedError, ConnectError);
COIL_ERROR_TYPE(NoRouteError, ConnectError);
COIL_ERROR_TYPE(ConnectBindError, ConnectError);
COIL_ERROR_TYPE(UserError, ConnectError);   // This side ended the attempt.
COIL_ERROR_TYPE(TimedOut, UserError);       // Twisted's TimeoutError.
COIL_ERROR_TYPE(NoProtocol, ConnectError);  // The factory built none for the connection.
COIL_ERROR_TYPE(InvalidAddressError, SystemError);
COIL_ERROR_TYPE(UnsupportedAddressFamily, SystemError);  // Of a socket that was to be adopted.
COIL_ERROR_TYPE(UnsupportedSocketType, SystemError);     // The same for its type.
COIL_ERROR_TYPE(MessageLengthError, SystemError);        // A datagram is larger than can be sent.
COIL_ERROR_TYPE(MulticastJoinError, SystemError);        // A group was not joined, or not left.
COIL_ERROR_TYPE(ReactorStopped, SystemError);            // The reactor ended first.
COIL_ERROR_TYPE(ExecutorStopped, SystemError);           // A thread pool was stopped first.
#undef COIL_ERROR_TYPE

// CannotListenError: the system refused an address to listen on, and says why by its code.
//
// Example (tests/examples/error_example.cpp, "cannot listen"):
//
//   try {
//     TcpListener::bind(*reactor, where);
//   } catch (const CannotListenError& error) {
//     taken = error.host() + " has port " + std::to_string(error.port()) + " in use";
//   }
//
// Source: Twisted's CannotListenError.
class CannotListenError : public SystemError {
 public:
  using SystemError::SystemError;
  CannotListenError(std::error_code code, const std::string& what, std::string host,
                    std::uint16_t port)
      : SystemError(code, what), host_(std::move(host)), port_(port) {}

  // The local address that was asked for, without the port; empty where it has none.
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }

 private:
  std::string host_;
  std::uint16_t port_ = 0;
};

// Misuse that Twisted's interfaces define an error for.
#define COIL_MISUSE_TYPE(Name)           \
  class Name : public std::logic_error { \
   public:                               \
    using std::logic_error::logic_error; \
  }
COIL_MISUSE_TYPE(AlreadyCalled);
COIL_MISUSE_TYPE(AlreadyCancelled);
COIL_MISUSE_TYPE(AlreadyCalledError);        // A Deferred was fired twice.
COIL_MISUSE_TYPE(QueueOverflow);             // A DeferredQueue holds as many values as it may.
COIL_MISUSE_TYPE(QueueUnderflow);            // As many as may are waiting for a DeferredQueue.
COIL_MISUSE_TYPE(AlreadyTryingToLockError);  // A DeferredFilesystemLock is being waited for.
COIL_MISUSE_TYPE(TaskDone);                  // A CooperativeTask has come to its end,
COIL_MISUSE_TYPE(TaskFailed);                // … has thrown,
COIL_MISUSE_TYPE(TaskStopped);               // … was stopped,
COIL_MISUSE_TYPE(SchedulerStopped);          // … or its Cooperator was.
COIL_MISUSE_TYPE(NotPaused);                 // A CooperativeTask was resumed too often.
COIL_MISUSE_TYPE(ReactorNotRunning);
COIL_MISUSE_TYPE(ReactorAlreadyRunning);
COIL_MISUSE_TYPE(ReactorNotRestartable);
COIL_MISUSE_TYPE(UnknownTrigger);
COIL_MISUSE_TYPE(NotConnectingError);  // stopConnecting where no attempt is under way.
COIL_MISUSE_TYPE(AlreadyListened);     // An endpoint that can listen once was asked again.
COIL_MISUSE_TYPE(WrongThread);         // A call that would wait for the very thread it is made on.
#undef COIL_MISUSE_TYPE

// Throws the typed error for `code`; Errc::cancelled throws Cancelled.
//
// Source: one table, in error.cpp, decides which code is which type.
[[noreturn]] void throw_error(std::error_code code, const char* what);

// Ends the program with one sentence; for broken requirements that would corrupt memory.
[[noreturn]] void contract_violation(const char* sentence) noexcept;

}  // namespace coil

template <>
struct std::is_error_code_enum<coil::Errc> : std::true_type {};
