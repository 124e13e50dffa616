// ExitStatus: how a child process ended.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coil {

// ExitStatus: the code that a child gave, or the signal that ended it.
//
// Example (tests/examples/process_example.cpp, "status"):
//
//   ExitStatus status = co_await process.wait();
//   if (status.success()) co_return;
//   if (status.signal()) std::puts("it was ended by a signal");
//   std::puts(status.to_string().c_str());             // "exit code 3", "signal 15 (SIGTERM)".
//
// Guarantees: Exactly one of code() and signal() is there.
class ExitStatus {
 public:
  ExitStatus() noexcept {}
  static ExitStatus exited(int code) noexcept { return ExitStatus(Kind::exited, code, false); }
  static ExitStatus signaled(int number, bool dumped_core = false) noexcept {
    return ExitStatus(Kind::signaled, number, dumped_core);
  }

  // True for the code 0.
  bool success() const noexcept { return kind_ == Kind::exited && number_ == 0; }
  std::optional<int> code() const noexcept {
    return kind_ == Kind::exited ? std::optional(number_) : std::nullopt;
  }
  std::optional<int> signal() const noexcept {
    return kind_ == Kind::signaled ? std::optional(number_) : std::nullopt;
  }
  bool dumped_core() const noexcept { return dumped_core_; }
  // What a shell makes of it: the code, or 128 and the number of the signal.
  int shell_code() const noexcept { return kind_ == Kind::exited ? number_ : 128 + number_; }
  std::string to_string() const;

  friend bool operator==(ExitStatus, ExitStatus) noexcept = default;

 private:
  enum class Kind : unsigned char { exited, signaled };
  ExitStatus(Kind kind, int number, bool dumped_core) noexcept
      : kind_(kind), dumped_core_(dumped_core), number_(number) {}

  Kind kind_ = Kind::exited;
  bool dumped_core_ = false;
  int number_ = 0;
};

// Returns the number of a signal named as in "TERM" or "SIGTERM"; nothing for any other word.
std::optional<int> signal_from_string(std::string_view name) noexcept;
// Returns the name of a signal, as in "SIGTERM"; "signal 70" where it has none.
std::string signal_to_string(int number);

}  // namespace coil
