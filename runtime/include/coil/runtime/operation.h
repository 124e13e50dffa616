// Operation: one request to the reactor, living in the awaiting frame.
#pragma once

#include <coil/runtime/handle_id.h>
#include <coil/runtime/suspension.h>

#include <cstdint>
#include <optional>
#include <system_error>

namespace coil {

class HandleSlot;
class Reactor;

// Every kind of request. A backend translates each of them in one switch.
enum class OpCode : std::uint8_t {
  receive,
  receive_lease,
  send,
  accept,
  connect,
  receive_from,
  send_to,
  shutdown,
  poll_readable,
  poll_writable,
};

// Which side of a descriptor an operation waits for.
enum class Direction : std::uint8_t { read, write };

constexpr Direction direction_of(OpCode code) noexcept {
  switch (code) {
    case OpCode::receive:
    case OpCode::receive_lease:
    case OpCode::accept:
    case OpCode::receive_from:
    case OpCode::poll_readable:
      return Direction::read;
    case OpCode::send:
    case OpCode::connect:
    case OpCode::send_to:
    case OpCode::shutdown:
    case OpCode::poll_writable:
      return Direction::write;
  }
  return Direction::read;
}

// Outcome: what became of an operation: a count or handle, or an error, in one number.
//
// Example (tests/examples/operation_example.cpp, "outcome"):
//
//   std::int64_t raw = outcome::from_system_error(ECONNRESET);
//   std::error_code code = outcome::code_of(raw);
namespace outcome {

// Errc values lie beyond every system error number.
inline constexpr std::int64_t errc_base = 1 << 20;

constexpr std::int64_t from_system_error(int number) noexcept { return -number; }
constexpr std::int64_t from_errc(Errc code) noexcept {
  return -(errc_base + static_cast<std::int64_t>(code));
}
inline std::error_code code_of(std::int64_t value) noexcept {
  if (value >= 0) return {};
  if (value <= -errc_base) return make_error_code(static_cast<Errc>(-value - errc_base));
  return system_error_code(static_cast<int>(-value));
}
inline constexpr std::int64_t cancelled = from_errc(Errc::cancelled);
inline constexpr std::int64_t handle_closed = from_errc(Errc::handle_closed);

}  // namespace outcome

// Attempt: what an operation came to, or nothing if it has to wait; one register wide.
//
// Example (tests/examples/operation_example.cpp, "attempt"):
//
//   Attempt tried = Attempt(outcome::from_system_error(EPIPE));
//   if (tried) code = outcome::code_of(*tried);
class [[nodiscard]] Attempt {
 public:
  Attempt() noexcept {}
  Attempt(std::nullopt_t) noexcept {}
  Attempt(std::int64_t outcome) noexcept : outcome_(outcome) {}

  explicit operator bool() const noexcept { return outcome_ != nothing; }
  std::int64_t operator*() const noexcept { return outcome_; }
  std::int64_t value_or(std::int64_t other) const noexcept { return *this ? outcome_ : other; }

 private:
  static constexpr std::int64_t nothing = INT64_MIN;
  std::int64_t outcome_ = nothing;
};

// Operation: base of the requests in operations.h; pinned once it was submitted.
//
// It is the awaiter's storage and the kernel's argument at once: nothing else is allocated for a
// request, and its address is its identity towards the kernel.
//
// Example (tests/examples/operation_example.cpp, "inspect"):
//
//   if (const Suspension* wait = context.waits_for()) print(wait->state());
//
// Guarantees: Completes exactly once. Cancelling is a request: the completion still arrives, and a
//             value that came first is delivered.
class Operation : public Suspension {
 public:
  Operation(OpCode code, Reactor& reactor, HandleId target) noexcept
      : Suspension(&request_cancel), code_(code), direction_(direction_of(code)), target_(target) {
    keep(&reactor);
  }
  Operation(Operation&& other) noexcept
      : Suspension(&request_cancel),
        code_(other.code_),
        direction_(other.direction_),
        flags_(other.flags_),
        target_(other.target_) {
    other.require_idle();
    keep(other.kept());
    if (is(settled)) keep_number(other.kept_number());
  }

  OpCode code() const noexcept { return code_; }
  Direction direction() const noexcept { return direction_; }
  // Requires: It was awaited.
  Reactor& reactor() const noexcept;
  // What it was submitted to. Requires: That happened.
  HandleSlot& slot() const noexcept { return *slot_; }
  bool in_flight() const noexcept { return waiting(); }
  // Its early end was asked for; the completion may still bring a value.
  bool cancel_asked() const noexcept { return is(asked_to_end); }

  // Submits it for the task of `context`; false when it is complete already.
  //
  // Requires: The task runs on the operation's reactor (asserted).
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept;

  // Requires: It is complete.
  std::int64_t outcome() const noexcept { return kept_number(); }
  // What was asked for, as error messages name it.
  const char* name() const noexcept;
  // Throws the typed error of an outcome below zero.
  [[noreturn]] void raise() const;

 protected:
  ~Operation() = default;

  // What it will come to is known before it starts, unless its scope was cancelled or its handle
  // closed.
  void settle(std::int64_t outcome) noexcept {
    keep_number(outcome);
    set(settled);
  }
  // One completion may not be its end: an accept whose connection broke, a send of part.
  void may_repeat() noexcept { set(repeating); }
  // Its bytes lie in several places.
  void gather() noexcept { set(gathered); }
  bool gathers() const noexcept { return is(gathered); }

 private:
  friend class Reactor;

  static void request_cancel(Suspension& self) noexcept;

  // Bits of one byte rather than bit-fields, which are initialized one by one.
  enum Flag : std::uint8_t {
    asked_to_end = 1 << 0,   // The backend was asked, so that it is asked once.
    closed_handle = 1 << 1,  // That was because of a close.
    settled = 1 << 2,
    repeating = 1 << 3,
    gathered = 1 << 4,
  };
  bool is(Flag flag) const noexcept { return (flags_ & flag) != 0; }
  void set(Flag flag) noexcept { flags_ = static_cast<std::uint8_t>(flags_ | flag); }

  // A byte each, in what Suspension leaves of its last word.
  OpCode code_;
  Direction direction_;
  std::uint8_t flags_ = 0;

 public:
  // For the backend that serves the operation: 0 while it does not, because the core keeps it.
  std::uint8_t backend_state = 0;

 private:
  union {
    HandleId target_;
    HandleSlot* slot_;  // Once it was submitted.
  };
};

}  // namespace coil
