// Result: a value or an error, for code that handles errors without exceptions.
#pragma once

#include <coil/runtime/error.h>
#include <coil/runtime/failure.h>

#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace coil {

// Error: why something failed, as a value.
//
// Example (tests/examples/result_example.cpp, "inspect"):
//
//   if (!result && result.error().code() == std::errc::connection_reset) ++resets;
//
// Cost: No allocation for a system error; an exception that was caught is held as a Failure.
class Error {
 public:
  Error() noexcept {}
  Error(std::error_code code, const char* what) noexcept : code_(code), what_(what) {}
  explicit Error(std::error_code code) noexcept : code_(code) {}
  explicit Error(Failure failure) : code_(failure.code()), failure_(std::move(failure)) {}

  // The code, or no code where an exception without one was caught.
  std::error_code code() const noexcept { return code_; }
  // The exception that this error stands for; made on demand for a plain code.
  Failure failure() const { return failure_ ? failure_ : Failure::from_code(code_, what_); }
  std::string message() const;
  // Throws the typed error.
  [[noreturn]] void raise() const;

 private:
  std::error_code code_;
  const char* what_ = "";
  Failure failure_;
};

// Result<T>: a T, or the Error that there is instead.
//
// Example (tests/examples/result_example.cpp, "as_result"):
//
//   Result<std::size_t> size = co_await as_result(stream.read_some(buffer));
//   if (!size) co_return;                 // size.error() says why.
//   use(buffer.first(*size));
//
// Guarantees: value() throws the typed error where there is no value.
template <class T = void>
class [[nodiscard]] Result {
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  using value_type = T;

  Result() noexcept
    requires std::is_void_v<T>
      : state_(std::in_place_index<0>) {}
  template <class U = T>
    requires(!std::is_void_v<T> && std::is_convertible_v<U, Stored> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) noexcept : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // Requires: There is an error.
  const Error& error() const { return std::get<1>(state_); }

  std::add_lvalue_reference_t<T> value() & {
    check();
    if constexpr (!std::is_void_v<T>) return std::get<0>(state_);
  }
  std::add_lvalue_reference_t<const T> value() const& {
    check();
    if constexpr (!std::is_void_v<T>) return std::get<0>(state_);
  }
  T value() && {
    check();
    if constexpr (!std::is_void_v<T>) return std::get<0>(std::move(state_));
  }
  std::add_lvalue_reference_t<T> operator*() & { return value(); }
  std::add_lvalue_reference_t<const T> operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  auto* operator->()
    requires(!std::is_void_v<T>)
  {
    return &value();
  }
  template <class U>
    requires(!std::is_void_v<T>)
  T value_or(U&& fallback) && {
    return has_value() ? std::get<0>(std::move(state_)) : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  void check() const {
    if (!has_value()) error().raise();
  }

  std::variant<Stored, Error> state_;
};

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

}  // namespace coil
