// coil, the sample runner: reads the command line and runs one sample.
//
// Run it:  coil --help
#include "common/endpoint_text.h"
#include "common/samples.h"
#include "common/server_process.h"

#include <coil/runtime/application.h>
#include <coil/runtime/reactor_factory.h>

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

namespace {

constexpr int bad_usage = 2;
constexpr int failed = 1;

struct CommandLine {
  std::string reactor = "auto";
  std::string style = "coroutine";
  std::string listen;
  std::string connect;
  bool verbose = false;
  samples::ServerOptions server;
  samples::ServerProcess process;
  samples::ClientOptions client;
  samples::CommandOptions command;
  samples::HashOptions hash;
  std::function<int(coil::Reactor&)> run;
};

std::unique_ptr<coil::Reactor> make_reactor(const CommandLine& line) {
  const auto kind = coil::reactor_kind_from_string(line.reactor);
  if (!kind) {
    throw std::invalid_argument("--reactor: '" + line.reactor +
                                "' is none of auto, io_uring, epoll, kqueue, iocp, poll, select");
  }
  const bool verbose = line.verbose;
  auto sink = [verbose](const coil::LogRecord& record) {
    if (verbose || record.level() != coil::LogLevel::info) coil::log_to_standard_error(record);
  };
  return coil::make_reactor(coil::ReactorOptions().set_kind(*kind).set_log_sink(sink));
}

using Server = int (*)(coil::Reactor&, const samples::ServerOptions&);

// A server in one style, or in two, of which --style picks one. The commands share what they read
// into: a default that stood there would be that of all of them.
CLI::App* add_server(CLI::App& app, CommandLine& line, const std::string& name,
                     const std::string& what, const std::string& type, Server first,
                     Server protocol_style = nullptr) {
  CLI::App* command = app.add_subcommand(name, what + ", until Ctrl-C");
  const std::string usual = type + ":8007:interface=127.0.0.1";
  command->add_option("--listen", line.listen, "where, e.g. " + type + ":8007")->default_str(usual);
  if (protocol_style != nullptr) {
    command->add_option("--style", line.style, "coroutine or protocol")
        ->check(CLI::IsMember({"coroutine", "protocol"}));
  }
  command->callback([&line, type, usual, first, protocol_style] {
    line.server.listen = samples::parse_listen(line.listen.empty() ? usual : line.listen, type);
    if (!line.connect.empty()) line.server.connect = samples::parse_connect(line.connect, type);
    const bool other = protocol_style != nullptr && line.style == "protocol";
    const Server server = other ? protocol_style : first;
    line.run = [&line, server](coil::Reactor& reactor) { return server(reactor, line.server); };
  });
  return command;
}

using Client = int (*)(coil::Reactor&, const samples::ClientOptions&);

CLI::App* add_client(CLI::App& app, CommandLine& line, const std::string& name,
                     const std::string& what, const std::string& type, Client client) {
  CLI::App* command = app.add_subcommand(name, what);
  const std::string usual = type + ":127.0.0.1:8007";
  command->add_option("--connect", line.connect, "where, e.g. " + usual)->default_str(usual);
  command->callback([&line, type, usual, client] {
    line.client.connect = samples::parse_connect(line.connect.empty() ? usual : line.connect, type);
    line.run = [&line, client](coil::Reactor& reactor) { return client(reactor, line.client); };
  });
  return command;
}

void add_clients(CLI::App& app, CommandLine& line) {
  CLI::App* echo = add_client(app, line, "echo-client", "check the answers of an echo server",
                              "tcp", &samples::echo_client);
  echo->add_option("--connections", line.client.connections, "connections at a time");
  echo->add_option("--messages", line.client.messages, "messages per connection");
  echo->add_option("--size", line.client.size, "bytes per message")->check(CLI::Range(0, 1 << 30));
  CLI::App* ping = add_client(app, line, "udp-ping", "check the answers of a UDP echo server",
                              "udp", &samples::udp_ping);
  ping->add_option("--count", line.client.messages, "datagrams to send");
  ping->add_option("--size", line.client.size, "bytes per datagram")->check(CLI::Range(0, 65507));
  CLI::App* reconnect = add_client(app, line, "reconnect",
                                   "greet a server, and come back when it has gone, until Ctrl-C",
                                   "tcp", &samples::reconnecting_client);
  const auto set_delay = [&line](int count) {
    line.client.delay_max = std::chrono::milliseconds(count);
  };
  reconnect->add_option_function<int>("--max-delay", set_delay, "the longest wait, in milliseconds")
      ->check(CLI::Range(1, 3'600'000));
}

void add_interval(CLI::App& command, CommandLine& line, const char* option, const char* what) {
  const auto set = [&line](double seconds) {
    line.server.interval = std::chrono::milliseconds(std::lround(seconds * 1000));
  };
  command.add_option_function<double>(option, set, what)->check(CLI::Range(0.001, 86400.0));
}

void add_process(CLI::App& command, CommandLine& line) {
  samples::ProcessOptions& process = line.process.options;
  command.add_flag("--daemon", process.daemon, "go on in the background once it serves");
  command.add_option("--pid-file", process.pid_file, "a file that names the process, and locks it");
  command.add_option("--log-file", process.log_file, "where the log goes; SIGHUP opens it again");
  command.add_option("--user", process.user, "who it becomes when its port is open");
  command.add_option("--group", process.group, "the one group of that user");
  command.add_option("--umask", process.umask, "which rights new files lack, e.g. 027");
  command.add_option("--chroot", process.chroot, "its root directory when its port is open");
  command.parse_complete_callback([&line] { line.process.check(); });
  line.server.process = &line.process;
}

void add_servers(CLI::App& app, CommandLine& line) {
  CLI::App* echo = add_server(app, line, "echo", "send back what clients send", "tcp",
                              &samples::echo_server, &samples::echo_protocol);
  echo->add_option("--workers", line.server.workers, "reactors, each on a thread of its own")
      ->check(CLI::Range(1, 1024));
  echo->add_flag("--hand-round", line.server.hand_round,
                 "one worker accepts and hands connections round, where each could listen");
  echo->add_flag("--pin", line.server.pinned,
                 "keep each worker to a processor, and give it the connections that come in there");
  add_server(app, line, "udp-echo", "the same over UDP", "udp", &samples::udp_echo,
             &samples::udp_echo_protocol);
  add_server(app, line, "chat", "let clients talk to each other", "tcp", &samples::chat_server,
             &samples::chat_protocol);
  add_server(app, line, "calculator", "work out lines of arithmetic", "tcp", &samples::calculator);
  add_server(app, line, "upgrade", "speak in lines, then in frames, then in lines again", "tcp",
             &samples::upgrade);
  add_server(app, line, "forward", "pass connections on to another server", "tcp",
             &samples::forward, &samples::forward_protocol)
      ->add_option("--connect", line.connect, "where to, e.g. tcp:127.0.0.1:8007")
      ->required();
  CLI::App* tracker = add_server(app, line, "tracker", "tell BitTorrent peers of each other", "tcp",
                                 &samples::tracker);
  add_interval(*tracker, line, "--interval", "seconds between two announcements of a peer");
  CLI::App* services =
      add_server(app, line, "serve", "run a tree of services", "tcp", &samples::service_tree);
  add_interval(*services, line, "--every", "seconds between two lines of statistics");
  add_process(*services, line);
}

using Runner = int (*)(coil::Reactor&, const samples::CommandOptions&);

void add_command(CLI::App& app, CommandLine& line, const char* name, const char* what,
                 const char* words, Runner runner) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("command", line.command.words, words)->required();
  command->callback([&line, runner] {
    line.run = [&line, runner](coil::Reactor& reactor) { return runner(reactor, line.command); };
  });
}

void add_commands(CLI::App& app, CommandLine& line) {
  add_command(app, line, "exec", "run a command, its output prefixed", "-- PROGRAM [ARGUMENTS…]",
              &samples::exec);
  add_command(app, line, "pipeline", "run commands, each of which feeds the next",
              "-- PROGRAM [ARGUMENTS…] '|' PROGRAM [ARGUMENTS…] …", &samples::pipeline);
  add_server(app, line, "inetd", "run a program for each connection", "tcp", &samples::inetd)
      ->add_option("command", line.server.words, "-- PROGRAM [ARGUMENTS…]")
      ->required();
}

void add_hash(CLI::App& app, CommandLine& line) {
  CLI::App* hash = app.add_subcommand("hash", "print the SHA-256 of files, several at a time");
  hash->add_option("files", line.hash.files, "which")->required();
  hash->add_option("--jobs", line.hash.jobs, "how many at a time")->check(CLI::Range(1, 256));
  hash->callback([&line] {
    line.run = [&line](coil::Reactor& reactor) { return samples::file_hash(reactor, line.hash); };
  });
}

void describe(CLI::App& app, CommandLine& line) {
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_option("--reactor", line.reactor, "auto, io_uring, epoll, kqueue, iocp, poll or select");
  app.add_flag("--verbose", line.verbose, "say which reactor is used");
  app.add_subcommand("reactors", "list what this machine offers")->callback([&line] {
    line.run = nullptr;
  });
  app.add_subcommand("timers", "timers in both styles")->callback([&line] {
    line.run = &samples::timers;
  });
  app.add_subcommand("repl", "work out what is typed, line by line")->callback([&line] {
    line.run = &samples::repl;
  });
  add_hash(app, line);
  add_servers(app, line);
  add_clients(app, line);
  add_commands(app, line);
}

int complain(const std::string& sentence, int status) {
  std::fprintf(stderr, "coil: %s\n", sentence.c_str());
  return status;
}

// Runs what the command line asks for; gives the exit status, and the signal that ended it.
int run(CommandLine& line, int argc, char** argv, int& exit_signal) {
  CLI::App app("coil: samples of a coroutine runtime");
  describe(app, line);
  std::unique_ptr<coil::Reactor> reactor;
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      return complain("which sample? 'coil --help' lists them", bad_usage);
    }
    if (app.got_subcommand("reactors")) return samples::list_reactors();
    line.process.begin();
    reactor = make_reactor(line);
    line.process.attach(*reactor);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return complain(error.what(), bad_usage);
  } catch (const std::invalid_argument& error) {
    return complain(error.what(), bad_usage);
  } catch (const std::exception& error) {
    return complain(error.what(), failed);
  }
  int status = failed;
  try {
    status = line.run(*reactor);
  } catch (const std::exception& error) {
    complain(error.what(), failed);
  }
  exit_signal = reactor->exit_signal();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  int exit_signal = 0;
  const int status = run(line, argc, argv, exit_signal);
  line.process.end(status);
  coil::raise_exit_signal(exit_signal);  // Who started the program sees what ended it.
  return status;
}
