// What the reactor has to say that no caller receives: failures of callbacks and root tasks.
#pragma once

#include <coil/runtime/failure.h>

#include <functional>
#include <string>
#include <string_view>

namespace coil {

enum class LogLevel : unsigned char { info, warning, error };

// LogRecord: one line of a reactor's log.
//
// Example (tests/examples/log_example.cpp, "collect"):
//
//   std::vector<std::string> lines;
//   reactor.set_log_sink([&](const LogRecord& record) { lines.push_back(record.text()); });
class LogRecord {
 public:
  LogRecord(LogLevel level, std::string text, Failure failure = Failure()) noexcept
      : level_(level), text_(std::move(text)), failure_(std::move(failure)) {}

  LogLevel level() const noexcept { return level_; }
  // The sentence, with the failure's own words where there is one.
  const std::string& text() const noexcept { return text_; }
  const Failure& failure() const noexcept { return failure_; }

 private:
  LogLevel level_;
  std::string text_;
  Failure failure_;
};

using LogSink = std::function<void(const LogRecord&)>;

// Writes "coil: TEXT" to standard error: the sink of a reactor that was given none.
void log_to_standard_error(const LogRecord& record);

// Tells whether standard output is a terminal, where live figures make sense.
bool output_is_terminal() noexcept;

}  // namespace coil
