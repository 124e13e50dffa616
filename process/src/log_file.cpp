// A log in a file: its lines, and what becomes of those that cannot be written.
#include <coil/process/log_file.h>

#include "log_output.h"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace coil {

namespace {

const char* name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "log";
}

std::string time_text() {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto midnight = floor<days>(now);
  const year_month_day date(midnight);
  const hh_mm_ss time(now - midnight);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

// Nobody who puts a line break into a text shall be able to write a record of his own.
std::string line_of(LogLevel level, std::string_view text) {
  std::string line = time_text() + " " + name_of(level) + ": ";
  for (const char letter : text) {
    line += letter;
    if (letter == '\n') line += '\t';
  }
  return line + "\n";
}

}  // namespace

class LogFile::File {
 public:
  explicit File(std::filesystem::path name) : name_(std::move(name)) {
    const std::error_code error = detail::open_log(name_, handle_);
    if (error) throw SystemError(error, "cannot open the log file " + name_.string());
  }

  void write(const LogRecord& record) {
    const std::scoped_lock guard(lock_);
    if (lost_ != 0) tell_of_lost();
    if (lost_ == 0 && append(line_of(record.level(), record.text()))) return;
    ++lost_;
    log_to_standard_error(record);
  }

  bool reopen() {
    const std::scoped_lock guard(lock_);
    OwnedHandle fresh;
    const std::error_code error = detail::open_log(name_, fresh);
    if (!error) {
      handle_ = std::move(fresh);
      torn_ = false;
      return true;
    }
    append(line_of(LogLevel::warning,
                   "the log file " + name_.string() +
                       " could not be opened again, this one goes on: " + error.message()));
    return false;
  }

  void give_to(const Identity& owner) {
    const std::scoped_lock guard(lock_);
    const std::error_code error = detail::give_log_to(handle_.get(), owner);
    if (error) throw SystemError(error, "cannot give away " + name_.string());
  }

  std::filesystem::path name() {
    const std::scoped_lock guard(lock_);
    return name_;
  }
  void set_name(std::filesystem::path name) {
    const std::scoped_lock guard(lock_);
    name_ = std::move(name);
  }

 private:
  // A part of a line that was written before an error stays; what comes next begins below it.
  bool append(std::string_view line) noexcept { return (!torn_ || put("\n")) && put(line); }
  bool put(std::string_view text) noexcept {
    while (!text.empty()) {
      std::size_t size = 0;
      if (const std::error_code error = detail::append_to_log(handle_.get(), text, size)) {
        error_ = error;
        return false;
      }
      text.remove_prefix(size);
      torn_ = !text.empty();
    }
    return true;
  }
  void tell_of_lost() {
    const std::string what = std::to_string(lost_) + (lost_ == 1 ? " record" : " records");
    const std::string why = error_.message();
    if (append(line_of(LogLevel::warning, what + " could not be written here: " + why))) lost_ = 0;
  }

  std::mutex lock_;
  std::filesystem::path name_;
  OwnedHandle handle_;
  bool torn_ = false;      // The last line there has no end.
  std::error_code error_;  // Of the write that failed last …
  std::size_t lost_ = 0;   // … and how many records did not get here.
};

LogFile::LogFile(const std::filesystem::path& name)
    : file_(std::make_shared<File>(std::filesystem::absolute(name))) {}

void LogFile::write(const LogRecord& record) { file_->write(record); }

LogSink LogFile::sink() const {
  return [file = file_](const LogRecord& record) { file->write(record); };
}

bool LogFile::reopen() { return file_->reopen(); }

void LogFile::give_to(const Identity& owner) { file_->give_to(owner); }

std::filesystem::path LogFile::name() const { return file_->name(); }
void LogFile::set_name(std::filesystem::path name) { file_->set_name(std::move(name)); }

}  // namespace coil
