// Refuses closures where the compiler would destroy them twice.
#pragma once

#include <type_traits>

// gcc destroys a closure that is written inside a co_await expression twice.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#define COIL_CLOSURE_FAULT 1
#else
#define COIL_CLOSURE_FAULT 0
#endif

namespace coil::detail {

// True for what an awaited function may be given as an F&&: a named closure is an lvalue, and one
// that is written in place does no harm if its destruction does nothing.
template <class F>
inline constexpr bool closure_may_be_written_in_place =
    !COIL_CLOSURE_FAULT || std::is_lvalue_reference_v<F> || !std::is_class_v<std::decay_t<F>> ||
    std::is_trivially_destructible_v<std::decay_t<F>>;

// Called by every awaited function that takes a callable.
template <class F>
constexpr void refuse_closure_in_place() noexcept {
  static_assert(closure_may_be_written_in_place<F>,
                "name the closure on its own line, then pass it: this compiler destroys a closure "
                "that is written inside a co_await expression twice");
}

}  // namespace coil::detail
