// Asio's echo server with its C++20 coroutines: one per connection, over epoll.
#include <asio.hpp>

#include <array>

#include "peer_server.h"

namespace {

using asio::ip::tcp;

constexpr std::size_t buffer_size = 16 * 1024;

asio::awaitable<void> echo(tcp::socket socket) {
  try {
    std::array<char, buffer_size> buffer;
    for (;;) {
      const std::size_t size =
          co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
      co_await asio::async_write(socket, asio::buffer(buffer, size), asio::use_awaitable);
    }
  } catch (const std::system_error&) {
    // The client has ended the connection.
  }
}

asio::awaitable<void> serve(tcp::acceptor& acceptor) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), echo(std::move(socket)), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string version =
      std::to_string(ASIO_VERSION / 100000) + "." + std::to_string(ASIO_VERSION / 100 % 1000);
  const std::uint16_t port = peer::parse_port(argc, argv, "asio", version);
  asio::io_context context(1);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](const std::error_code&, int) { context.stop(); });
  tcp::acceptor acceptor(context);
  acceptor.assign(tcp::v4(), peer::listen_on_loopback(port, 0));
  asio::co_spawn(context, serve(acceptor), asio::detached);
  context.run();
}
