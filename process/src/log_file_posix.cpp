// A log in a file, by write(2) with O_APPEND.
#include <coil/process/log_file.h>

#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/signal_watcher.h>

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
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
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts = {};
  ::gmtime_r(&now.tv_sec, &parts);
  std::array<char, 32> date;
  const std::size_t size = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 32> rest;
  std::snprintf(rest.data(), rest.size(), ".%03ldZ", now.tv_nsec / 1'000'000);
  return std::string(date.data(), size) + rest.data();
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

// Gives a negative number, and errno, if it fails.
int open_log(const std::filesystem::path& name) noexcept {
  return ::open(name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

}  // namespace

class LogFile::File {
 public:
  explicit File(std::filesystem::path name) : name_(std::move(name)), descriptor_(open_log(name_)) {
    if (descriptor_ >= 0) return;
    throw SystemError(system_error_code(errno), "cannot open the log file " + name_.string());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(descriptor_); }

  void write(const LogRecord& record) {
    const std::scoped_lock guard(lock_);
    if (lost_ != 0) tell_of_lost();
    if (lost_ == 0 && append(line_of(record.level(), record.text()))) return;
    ++lost_;
    log_to_standard_error(record);
  }

  bool reopen() {
    const std::scoped_lock guard(lock_);
    const int fresh = open_log(name_);
    if (fresh >= 0) {
      ::close(std::exchange(descriptor_, fresh));
      torn_ = false;
      return true;
    }
    const std::string why = system_error_code(errno).message();
    append(line_of(LogLevel::warning, "the log file " + name_.string() +
                                          " could not be opened again, this one goes on: " + why));
    return false;
  }

  void give_to(const Identity& owner) {
    const std::scoped_lock guard(lock_);
    if (::fchown(descriptor_, owner.user(), owner.group()) == 0) return;
    throw SystemError(system_error_code(errno), "cannot give away " + name_.string());
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
      const ssize_t size = ::write(descriptor_, text.data(), text.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        error_ = errno;
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(size));
      torn_ = !text.empty();
    }
    return true;
  }
  void tell_of_lost() {
    const std::string what = std::to_string(lost_) + (lost_ == 1 ? " record" : " records");
    const std::string why = system_error_code(error_).message();
    if (append(line_of(LogLevel::warning, what + " could not be written here: " + why))) lost_ = 0;
  }

  std::mutex lock_;
  std::filesystem::path name_;
  int descriptor_;
  bool torn_ = false;     // The last line there has no end.
  int error_ = 0;         // Of the write that failed last …
  std::size_t lost_ = 0;  // … and how many records did not get here.
};

LogFile::LogFile(const std::filesystem::path& name)
    : file_(std::make_shared<File>(std::filesystem::absolute(name))) {}

void LogFile::write(const LogRecord& record) { file_->write(record); }

LogSink LogFile::sink() const {
  return [file = file_](const LogRecord& record) { file->write(record); };
}

bool LogFile::reopen() { return file_->reopen(); }

void LogFile::reopen_on_hangup(Reactor& reactor) {
  // Watched before this returns: a signal that came earlier than the task would end the program.
  auto loop = [](std::shared_ptr<File> file, SignalWatcher hangups) -> Task<void> {
    for (;;) {
      co_await hangups.next();
      file->reopen();
    }
  };
  detail::start_root<"log file">(reactor, loop(file_, SignalWatcher(reactor, SIGHUP)));
}

void LogFile::give_to(const Identity& owner) { file_->give_to(owner); }

std::filesystem::path LogFile::name() const { return file_->name(); }
void LogFile::set_name(std::filesystem::path name) { file_->set_name(std::move(name)); }

}  // namespace coil
