// SIGINT and SIGTERM as a stop of one reactor. Included by the reactor core.
#pragma once

namespace coil {
class Reactor;
}

namespace coil::detail {

// One reactor of the process receives the exit signals at a time: the first that asks.
//
// A handler of the program's own for SIGINT is left alone; SIGTERM is always taken. Both are put
// back as they were by release().
class SignalRelay {
 public:
  // False if another reactor has them.
  static bool acquire(Reactor& reactor);
  static void release(Reactor& reactor);
  // Takes the signal that arrived for this reactor since the last call; 0 for none.
  static int take(Reactor& reactor) noexcept;

 private:
  static void on_signal(int number) noexcept;
  static void install(int number, bool only_default);
  static void restore(int number);
};

}  // namespace coil::detail
