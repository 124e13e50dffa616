// coil, the sample runner: reads the command line and runs one sample.
//
// Run it:  coil --help
#include "common/endpoint_text.h"
#include "common/samples.h"

#include <coil/runtime/application.h>
#include <coil/runtime/reactor_factory.h>

#include <CLI/CLI.hpp>

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
  double every = 2;
  samples::ClientOptions client;
  std::function<int(coil::Reactor&)> run;
};

std::unique_ptr<coil::Reactor> make_reactor(const CommandLine& line) {
  const auto kind = coil::reactor_kind_from_string(line.reactor);
  if (!kind) {
    throw std::invalid_argument("--reactor: '" + line.reactor +
                                "' is none of auto, io_uring, epoll, poll, select");
  }
  const bool verbose = line.verbose;
  auto sink = [verbose](const coil::LogRecord& record) {
    if (verbose || record.level() != coil::LogLevel::info) coil::log_to_standard_error(record);
  };
  return coil::make_reactor(coil::ReactorOptions().set_kind(*kind).set_log_sink(sink));
}

using Server = int (*)(coil::Reactor&, const samples::ServerOptions&);

void add_server(CLI::App& app, CommandLine& line, const std::string& name, const std::string& type,
                Server coroutine_style, Server protocol_style) {
  CLI::App* command = app.add_subcommand(name, "serve until Ctrl-C");
  command->add_option("--listen", line.listen, "where, e.g. " + type + ":8007")
      ->default_val(type + ":8007:interface=127.0.0.1");
  command->add_option("--style", line.style, "coroutine or protocol")
      ->check(CLI::IsMember({"coroutine", "protocol"}));
  command->callback([&line, type, coroutine_style, protocol_style] {
    const samples::ServerOptions options{samples::parse_listen(line.listen, type)};
    const Server server = line.style == "protocol" ? protocol_style : coroutine_style;
    line.run = [options, server](coil::Reactor& reactor) { return server(reactor, options); };
  });
}

void add_services(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("serve", "run a tree of services until Ctrl-C");
  command->add_option("--listen", line.listen, "where, e.g. tcp:8007")
      ->default_val("tcp:8007:interface=127.0.0.1");
  command->add_option("--every", line.every, "seconds between two lines of statistics")
      ->check(CLI::Range(0.001, 86400.0));
  command->callback([&line] {
    const std::chrono::duration<double> every(line.every);
    const samples::ServiceOptions options{
        samples::parse_listen(line.listen, "tcp"),
        std::chrono::duration_cast<std::chrono::milliseconds>(every)};
    line.run = [options](coil::Reactor& reactor) {
      return samples::service_tree(reactor, options);
    };
  });
}

using Client = int (*)(coil::Reactor&, const samples::ClientOptions&);

CLI::App* add_client(CLI::App& app, CommandLine& line, const std::string& name,
                     const std::string& type, Client client) {
  CLI::App* command = app.add_subcommand(name, "talk to a server and check what it says");
  command->add_option("--connect", line.connect, "where, e.g. " + type + ":127.0.0.1:8007")
      ->default_val(type + ":127.0.0.1:8007");
  command->add_option("--size", line.client.size, "bytes per message")
      ->check(CLI::Range(0, type == "udp" ? 65507 : 1 << 30));
  command->callback([&line, type, client] {
    line.client.connect = samples::parse_connect(line.connect, type);
    line.run = [&line, client](coil::Reactor& reactor) { return client(reactor, line.client); };
  });
  return command;
}

void describe(CLI::App& app, CommandLine& line) {
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_option("--reactor", line.reactor, "auto, io_uring, epoll, poll or select");
  app.add_flag("--verbose", line.verbose, "say which reactor is used");
  app.add_subcommand("reactors", "list what this machine offers")->callback([&line] {
    line.run = nullptr;
  });
  app.add_subcommand("timers", "timers in both styles")->callback([&line] {
    line.run = &samples::timers;
  });
  add_server(app, line, "echo", "tcp", &samples::echo_server, &samples::echo_protocol);
  add_server(app, line, "udp-echo", "udp", &samples::udp_echo, &samples::udp_echo_protocol);
  add_services(app, line);
  CLI::App* echo = add_client(app, line, "echo-client", "tcp", &samples::echo_client);
  echo->add_option("--connections", line.client.connections, "connections at a time");
  echo->add_option("--messages", line.client.messages, "messages per connection");
  CLI::App* ping = add_client(app, line, "udp-ping", "udp", &samples::udp_ping);
  ping->add_option("--count", line.client.messages, "datagrams to send");
}

int complain(const std::string& sentence, int status) {
  std::fprintf(stderr, "coil: %s\n", sentence.c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  CLI::App app("coil: samples of a coroutine runtime");
  describe(app, line);
  std::unique_ptr<coil::Reactor> reactor;
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      return complain("which sample? 'coil --help' lists them", bad_usage);
    }
    if (app.got_subcommand("reactors")) return samples::list_reactors();
    reactor = make_reactor(line);
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
  const int number = reactor->exit_signal();
  reactor.reset();
  coil::raise_exit_signal(number);  // Who started the program sees what ended it.
  return status;
}
