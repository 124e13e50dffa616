// The process of a server: its pid file, its log, and what it gives up.
#pragma once

#include <coil/runtime/reactor.h>

#include <memory>
#include <string>

namespace samples {

// What the command line says; empty where it says nothing.
struct ProcessOptions {
  std::string pid_file;
  std::string log_file;
  std::string user;
  std::string group;
  std::string umask;
  std::string chroot;
  bool daemon = false;
};

// Does what the options say, at the moment at which it can be done.
class ServerProcess {
 public:
  ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  ProcessOptions options;

  // Looks at the options. Errors: std::invalid_argument with one sentence.
  void check();
  // Before any reactor: becomes a daemon, takes the pid file and opens the log.
  void begin();
  // Sends the reactor's log to the file, which is opened again on SIGHUP.
  void attach(coil::Reactor& reactor);
  // When the ports are open: changes the root and the user.
  void give_up_privileges();
  // Tells the command that started the daemon that it serves.
  void ready();
  // Gives back the pid file, and tells a failure before ready(). It is quick: a signal may follow.
  void end(int status);

  // Prints a line, or logs it where there is a log file.
  void say(coil::Reactor& reactor, const std::string& line);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace samples
