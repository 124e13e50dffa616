// A TCP client that sends messages over several connections and checks every byte that returns.
//
// Run it:  coil echo-client --connect tcp:127.0.0.1:8007 --connections 10 --messages 100
#include "common/samples.h"

#include <coil/net/stream_algorithms.h>
#include <coil/net/tcp.h>
#include <coil/runtime/run.h>
#include <coil/runtime/timeout.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace samples {

namespace {

std::string message_text(std::size_t connection, std::size_t number, std::size_t size) {
  std::string text = std::to_string(connection) + "/" + std::to_string(number) + " ";
  while (text.size() < size) text += "abcdefghijklmnopqrstuvwxyz";
  text.resize(size);
  return text;
}

// Sends and receives at the same time: a message may be larger than what the network holds.
coil::Task<void> round_trip(coil::TcpStream& stream, const std::string& message) {
  std::string reply(message.size(), '\0');
  co_await coil::when_all(coil::write_all(stream, message), coil::read_exactly(stream, reply));
  if (reply != message) throw std::runtime_error("the reply differs from the message");
}

coil::Task<void> talk(coil::Reactor& reactor, const ClientOptions& options, std::size_t index) {
  coil::TcpStream stream = co_await coil::TcpStream::connect(reactor, options.connect);
  for (std::size_t number = 0; number < options.messages; ++number) {
    const std::string message = message_text(index, number, options.size);
    co_await coil::with_timeout(options.timeout, round_trip(stream, message));
  }
  co_await stream.shutdown_write();
  std::array<std::byte, 1> end;
  if (co_await stream.read_some(end) != 0) throw std::runtime_error("there was more than was sent");
}

coil::Task<void> talk_all(coil::Reactor& reactor, const ClientOptions& options) {
  std::vector<coil::Task<void>> clients;
  clients.reserve(options.connections);
  for (std::size_t index = 0; index < options.connections; ++index) {
    clients.push_back(talk(reactor, options, index));
  }
  co_await coil::when_all(std::move(clients));
}

}  // namespace

int echo_client(coil::Reactor& reactor, const ClientOptions& options) {
  const coil::TimePoint start = reactor.now();
  try {
    coil::run(reactor, talk_all(reactor, options));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coil: %s: %s\n", options.connect.to_string().c_str(), error.what());
    return 1;
  }
  const std::chrono::duration<double> seconds = reactor.now() - start;
  const std::size_t total = options.connections * options.messages;
  std::printf("%zu messages of %zu bytes over %zu connections came back whole in %.3f s\n", total,
              options.size, options.connections, seconds.count());
  return 0;
}

}  // namespace samples
