// A server's process, step by step.
#include "common/server_process.h"

#include "common/hangups.h"

#include <coil/process/daemon.h>
#include <coil/process/log_file.h>
#include <coil/process/pid_file.h>
#include <coil/process/privileges.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace samples {

struct ServerProcess::State {
  std::optional<unsigned> mask;
  std::optional<coil::Identity> identity;
  std::optional<coil::Daemon> daemon;
  std::optional<coil::PidFile> pid_file;
  std::optional<coil::LogFile> log;
};

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

ServerProcess::ServerProcess() : state_(std::make_unique<State>()) {}

ServerProcess::~ServerProcess() = default;

void ServerProcess::check() {
  if (!options.umask.empty()) {
    state_->mask = coil::parse_umask(options.umask);
    if (!state_->mask) {
      throw std::invalid_argument("--umask: '" + options.umask +
                                  "' is none; octal digits are, such as 027");
    }
  }
  if (!options.user.empty()) {
    state_->identity = find_identity(options);
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
  if (state_->mask) coil::change_umask(*state_->mask);
  if (options.daemon) state_->daemon.emplace(coil::daemonize());
  if (!options.pid_file.empty()) state_->pid_file.emplace(options.pid_file);
  if (!options.log_file.empty()) state_->log.emplace(options.log_file);
}

void ServerProcess::attach(coil::Reactor& reactor) {
  if (!state_->log) return;
  reactor.set_log_sink(state_->log->sink());
  reopen_on_hangup(*state_->log, reactor);
}

// A name outside of the new root cannot be found any more: then the log goes on as it is, and says
// so when it is to be opened again, and the pid file is emptied.
void ServerProcess::give_up_privileges() {
  if (state_->log && state_->identity) state_->log->give_to(*state_->identity);
  if (!options.chroot.empty()) {
    coil::change_root(options.chroot);
    const auto pid_name = coil::name_inside(options.chroot, options.pid_file);
    if (state_->pid_file && pid_name) state_->pid_file->set_name(*pid_name);
    const auto log_name = coil::name_inside(options.chroot, options.log_file);
    if (state_->log && log_name) state_->log->set_name(*log_name);
  }
  if (state_->identity) coil::drop_privileges(*state_->identity);
}

void ServerProcess::ready() {
  if (state_->daemon) state_->daemon->ready();
}

void ServerProcess::end(int status) {
  state_->pid_file.reset();
  if (!state_->daemon) return;
  std::fflush(nullptr);
  state_->daemon->fail(state_->log ? "coil: the server did not start: see " + options.log_file : "",
                       status);
}

void ServerProcess::say(coil::Reactor& reactor, const std::string& line) {
  if (state_->log) {
    reactor.log(coil::LogRecord(coil::LogLevel::info, line));
  } else {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }
}

}  // namespace samples
