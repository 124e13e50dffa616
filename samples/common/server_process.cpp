// A server's process, step by step.
#include "common/server_process.h"

#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace samples {

namespace {

namespace fs = std::filesystem;

// The daemon works elsewhere than the command.
void make_absolute(std::string& name) {
  if (!name.empty()) name = fs::absolute(name).string();
}

coil::Identity find_identity(const ProcessOptions& options) {
  try {
    if (options.group.empty()) return coil::Identity(options.user);
    return coil::Identity(options.user, options.group);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("--user, --group: " + std::string(error.what()));
  }
}

}  // namespace

void ServerProcess::check() {
  if (!options.umask.empty()) {
    mask_ = coil::parse_umask(options.umask);
    if (!mask_) {
      throw std::invalid_argument("--umask: '" + options.umask +
                                  "' is none; octal digits are, such as 027");
    }
  }
  if (!options.user.empty()) {
    identity_ = find_identity(options);
  } else if (!options.group.empty()) {
    throw std::invalid_argument("--group: a group is for a --user, which is missing");
  }
  if (!options.chroot.empty() && !fs::is_directory(options.chroot)) {
    throw std::invalid_argument("--chroot: '" + options.chroot + "' is no directory");
  }
  for (std::string* name : {&options.pid_file, &options.log_file, &options.chroot}) {
    make_absolute(*name);
  }
}

void ServerProcess::begin() {
  if (mask_) coil::change_umask(*mask_);
  if (options.daemon) daemon_.emplace(coil::daemonize());
  if (!options.pid_file.empty()) pid_file_.emplace(options.pid_file);
  if (!options.log_file.empty()) log_.emplace(options.log_file);
}

void ServerProcess::attach(coil::Reactor& reactor) {
  if (!log_) return;
  reactor.set_log_sink(log_->sink());
  log_->reopen_on_hangup(reactor);
}

// A name outside of the new root cannot be found any more: then the log goes on as it is, and says
// so when it is to be opened again, and the pid file is emptied.
void ServerProcess::give_up_privileges() {
  if (log_ && identity_) log_->give_to(*identity_);
  if (!options.chroot.empty()) {
    coil::change_root(options.chroot);
    const auto pid_name = coil::name_inside(options.chroot, options.pid_file);
    if (pid_file_ && pid_name) pid_file_->set_name(*pid_name);
    const auto log_name = coil::name_inside(options.chroot, options.log_file);
    if (log_ && log_name) log_->set_name(*log_name);
  }
  if (identity_) coil::drop_privileges(*identity_);
}

void ServerProcess::ready() {
  if (daemon_) daemon_->ready();
}

void ServerProcess::end(int status) {
  pid_file_.reset();
  if (!daemon_) return;
  std::fflush(nullptr);
  daemon_->fail(log_ ? "coil: the server did not start: see " + options.log_file : "", status);
}

void ServerProcess::say(coil::Reactor& reactor, const std::string& line) {
  if (log_) {
    reactor.log(coil::LogRecord(coil::LogLevel::info, line));
  } else {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }
}

}  // namespace samples
