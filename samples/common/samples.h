// The samples as functions, and what the command line gives them.
#pragma once

#include <coil/net/address.h>
#include <coil/runtime/reactor.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace samples {

class ServerProcess;

// A server: where it listens. It serves until the reactor stops, and gives its exit status.
struct ServerOptions {
  coil::Address listen;
  coil::Address connect;  // Where a forwarder sends what arrives.
  // How often a tracker's peers announce themselves, or a tree of services prints statistics.
  std::optional<std::chrono::milliseconds> interval;
  ServerProcess* process = nullptr;  // What a tree of services does with its own process.
  std::vector<std::string> words;    // The command that is run for each connection.
  std::size_t workers = 1;  // Reactors that serve, each on a thread of its own if there are more.
  bool hand_round = false;  // One of them accepts for all, although each could listen.
  bool pinned = false;      // Each keeps to a processor, and takes the connections of that.
};

struct CommandOptions {
  std::vector<std::string> words;
};

struct ClientOptions {
  coil::Address connect;
  std::size_t connections = 1;
  std::size_t messages = 10;
  std::size_t size = 64;
  std::chrono::milliseconds timeout{5000};
  std::chrono::milliseconds delay_max{10000};  // The longest wait before connecting again.
};

// What is hashed, by how many threads at a time.
struct HashOptions {
  std::vector<std::string> files;
  unsigned jobs = 4;
};

int list_reactors();
int echo_server(coil::Reactor& reactor, const ServerOptions& options);
int echo_protocol(coil::Reactor& reactor, const ServerOptions& options);
int echo_client(coil::Reactor& reactor, const ClientOptions& options);
int udp_echo(coil::Reactor& reactor, const ServerOptions& options);
int udp_echo_protocol(coil::Reactor& reactor, const ServerOptions& options);
int udp_ping(coil::Reactor& reactor, const ClientOptions& options);
int forward(coil::Reactor& reactor, const ServerOptions& options);
int forward_protocol(coil::Reactor& reactor, const ServerOptions& options);
int chat_server(coil::Reactor& reactor, const ServerOptions& options);
int chat_protocol(coil::Reactor& reactor, const ServerOptions& options);
int calculator(coil::Reactor& reactor, const ServerOptions& options);
int upgrade(coil::Reactor& reactor, const ServerOptions& options);
int tracker(coil::Reactor& reactor, const ServerOptions& options);
int reconnecting_client(coil::Reactor& reactor, const ClientOptions& options);
int exec(coil::Reactor& reactor, const CommandOptions& options);
int pipeline(coil::Reactor& reactor, const CommandOptions& options);
int inetd(coil::Reactor& reactor, const ServerOptions& options);
int repl(coil::Reactor& reactor);
int service_tree(coil::Reactor& reactor, const ServerOptions& options);
int timers(coil::Reactor& reactor);
int file_hash(coil::Reactor& reactor, const HashOptions& options);

}  // namespace samples
