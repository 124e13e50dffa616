// The examples of tcp.h, serve.h, socket_options.h and buffer_lease.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

// [serve]
Task<void> echo(TcpStream stream) {
  for (;;) {
    BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;
    co_await write_all(stream, data.bytes());
  }
}
// [/serve]

Task<void> serve_all(TcpListener& listener) {
  // [serve]
  co_await serve(listener, &echo);
  // [/serve]
}

Task<void> serve_some(TcpListener& listener) {
  // [serve]
  co_await serve(listener, &echo, ServeOptions().set_connections_max(1000));
  // [/serve]
}

// [greet]
Task<void> greet(Reactor& reactor, Address server) {
  TcpStream stream = co_await TcpStream::connect(reactor, server);
  co_await write_all(stream, "hello\n");
  std::array<std::byte, 512> reply;
  std::size_t size = co_await stream.read_some(reply);
  if (size == 0) co_return;  // The peer closed before answering.
  // [/greet]
  CHECK(as_text(ConstBytes(reply).first(size)) == "hello\n");
  // [greet]
}
// [/greet]

Task<void> answer_one(TcpStream& stream) {
  // [lease]
  BufferLease data = co_await stream.receive();
  if (data.empty()) co_return;  // End of stream.
  co_await write_all(stream, data.bytes());
  // [/lease]
}

// [own buffers]
class Scratch final : public BufferOwner {
 public:
  BufferLease lend() {
    lent = true;
    return BufferLease(this, bytes_.data(), bytes_.size());
  }
  bool lent = false;

 private:
  void take_back(std::byte*) noexcept override { lent = false; }
  std::array<std::byte, 512> bytes_ = {};
};
// [/own buffers]

}  // namespace

TEST_CASE("own buffers") {
  Scratch scratch;
  {
    const BufferLease lease = scratch.lend();
    CHECK(lease.size() == 512);
    CHECK(scratch.lent);
  }
  CHECK_FALSE(scratch.lent);
}

TEST_CASE("serve and greet") {
  const auto reactor = make_reactor();
  auto all = [&](Task<void> (*server)(TcpListener&)) -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = [&]() -> Task<void> {
      co_await greet(*reactor, listener.local_address());
      listener.close();
    };
    co_await when_all(server(listener), client());
  };
  run(*reactor, all(&serve_all));
  run(*reactor, all(&serve_some));
}

TEST_CASE("listen and lease") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  auto all = [&]() -> Task<void> {
    // [listen]
    TcpListener listener = TcpListener::bind(reactor, Address::loopback(0));
    // [/listen]
    auto server = [&]() -> Task<void> {
      // [listen]
      TcpStream stream = co_await listener.accept();
      // [/listen]
      co_await answer_one(stream);
    };
    co_await when_all(server(), greet(reactor, listener.local_address()));
    // [pool]
    std::size_t held = reactor.buffers().held();  // 0 when no lease is alive.
    // [/pool]
    CHECK(held == 0);
  };
  run(reactor, all());
}

TEST_CASE("options") {
  {
    // [options]
    TcpOptions options = TcpOptions().set_keep_alive(true);
    // [/options]
    CHECK(options.keep_alive);
  }
  {
    // [options]
    ListenOptions options = ListenOptions().set_backlog_max(16);
    // [/options]
    CHECK(options.backlog_max == 16);
  }
}

TEST_CASE("socket options") {
  const auto reactor = make_reactor();
  testing::with_pair(*reactor, [](testing::Pair& pair) -> Task<void> {
    TcpStream& stream = pair.here;
    // [socket options]
    stream.set(KeepAlive(true));
    bool sends_at_once = stream.get<NoDelay>().on();
    // [/socket options]
    CHECK(sends_at_once);
    // [socket options]
    stream.set(ReceiveBuffer(256 * 1024));
    int bytes = stream.get<ReceiveBuffer>().value();
    // [/socket options]
    CHECK(bytes >= 256 * 1024);
    co_return;
  });
}
