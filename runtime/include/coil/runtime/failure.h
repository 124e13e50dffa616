// Failure: a caught exception that can be held, tested and thrown again.
#pragma once

#include <exception>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace coil {

// Failure: one exception, held as a value.
//
// Example (tests/examples/failure_example.cpp, "trap"):
//
//   deferred.addErrback([](Failure failure) {
//     failure.trap<ConnectionLost>();          // Anything else is thrown again.
//     return 0;
//   });
//
// Guarantees: Copies share the exception. A moved-from or default Failure is empty.
// Source:     Twisted's failure.Failure.
class Failure {
 public:
  Failure() noexcept {}
  explicit Failure(std::exception_ptr exception) noexcept : exception_(std::move(exception)) {}
  // Holds `error` as if it had been thrown.
  template <class E>
    requires(!std::is_same_v<std::remove_cvref_t<E>, Failure> &&
             !std::is_same_v<std::remove_cvref_t<E>, std::exception_ptr>)
  explicit Failure(E&& error) : exception_(std::make_exception_ptr(std::forward<E>(error))) {}

  // Returns the exception that is being handled.
  static Failure current() noexcept { return Failure(std::current_exception()); }
  // Returns the typed error for a code, as throw_error would throw it.
  static Failure from_code(std::error_code code, const char* what);

  explicit operator bool() const noexcept { return exception_ != nullptr; }
  const std::exception_ptr& exception() const noexcept { return exception_; }

  // Tells whether the exception is an E.
  template <class E>
  bool check() const {
    return visit<E>([](const E&) {});
  }
  // Calls `visitor` with the exception if it is an E, and tells whether it was.
  template <class E, class Visitor>
  bool visit(Visitor visitor) const {
    if (!exception_) return false;
    try {
      std::rethrow_exception(exception_);
    } catch (const E& error) {
      visitor(error);
      return true;
    } catch (...) {
      return false;
    }
  }
  // Throws the exception again unless it is one of the Es.
  template <class... E>
  void trap() const {
    if (!(check<E>() || ...)) raiseException();
  }
  // Throws the exception.
  [[noreturn]] void raiseException() const { std::rethrow_exception(exception_); }
  // Returns the exception's own words, or its kind where it has none.
  std::string getErrorMessage() const;
  // Tells whether the exception is Cancelled.
  bool is_cancelled() const;
  // Returns the code of a std::system_error; no code for anything else.
  std::error_code code() const;

 private:
  std::exception_ptr exception_;
};

}  // namespace coil
