// What the forms of co_await expressions are made of: an object that counts its lives, the shapes
// of type that hold one, and coroutines that take them.
#pragma once

#include <coil/runtime.h>

#include <array>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace forms {

using coil::Task;

// Says by its two counters when an object is destroyed twice or never.
class Probe {
 public:
  Probe() noexcept { ++constructed; }
  explicit Probe(int number) noexcept : value(number) { ++constructed; }
  Probe(const Probe& other) noexcept : value(other.value) { ++constructed; }
  Probe(Probe&& other) noexcept : value(other.value) { ++constructed; }
  Probe& operator=(const Probe&) noexcept = default;
  ~Probe() { ++destroyed; }

  int value = 1;
  static inline int constructed = 0;
  static inline int destroyed = 0;
};

struct Aggregate {
  Probe probe;
  int number = 1;
  Task<int> member() const { co_return number; }
};
struct Outer {
  Aggregate inner;
};
struct Derived : Aggregate {
  int more = 1;
};
struct Two {
  Probe first;
  Probe second;
};
struct Sum {
  Probe probe;
  int left;
  int right;
};

// The same with constructors of its own: what the public API is made of.
class Built {
 public:
  Built() noexcept {}
  explicit Built(Probe given) noexcept : probe(std::move(given)) {}
  Built& set_number(int value) noexcept {
    number = value;
    return *this;
  }
  Task<int> member() const { co_return number; }
  Probe probe;
  int number = 1;
};

struct AggregateAwaiter {
  Probe probe;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return probe.value; }
};
class BuiltAwaiter {
 public:
  BuiltAwaiter() noexcept {}
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return probe.value; }
  Probe probe;
};

inline Task<int> leaf() { co_return 1; }
inline Task<Probe> give() { co_return Probe(); }
inline Task<std::vector<Probe>> give_many() { co_return std::vector<Probe>(3); }
inline Task<std::pair<Probe, Probe>> give_two() { co_return std::pair<Probe, Probe>(); }
inline Aggregate make_aggregate() { return Aggregate(); }

template <class T>
Task<int> take(T value) {
  static_cast<void>(value);
  co_return 1;
}
template <class T>
Task<int> look(const T& value) {
  static_cast<void>(value);
  co_return 1;
}
template <class T>
Task<int> grab(T&& value) {
  static_cast<void>(value);
  co_return 1;
}
template <class F>
Task<int> call(F function) {
  co_return function();
}
template <class F>
Task<int> call_forwarded(F&& function) {
  co_return function();
}
template <class F>
Task<int> call_const(const F& function) {
  co_return function();
}
inline Task<int> call_erased(std::function<int()> function) { co_return function(); }
inline Task<int> with_default(Aggregate value = {}) { co_return value.number; }
inline int sum(const Probe& probe, int number) { return probe.value + number; }

// One form; it enters itself in the list that the test walks.
class Form {
 public:
  Form(std::string_view text, Task<void> (*run)(), bool broken_by_gcc_12)
      : name(text), body(run), gcc_12_breaks(broken_by_gcc_12) {
    all().push_back(this);
  }
  Form(const Form&) = delete;
  static std::vector<const Form*>& all() {
    static std::vector<const Form*> list;
    return list;
  }

  std::string_view name;
  Task<void> (*body)();
  bool gcc_12_breaks;
};

inline constexpr bool good = false;
inline constexpr bool bad = true;

}  // namespace forms
