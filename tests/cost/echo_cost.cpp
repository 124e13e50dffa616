// An echo server for callgrind: the turns that serve messages pass through counted_turn(), and
// nothing else does, neither the first rounds nor the clients of a real reactor.
//
// usage: echo_cost REACTOR coroutine|child|protocol CONNECTIONS SIZE ROUNDS
//        echo_cost --build
// Prints the features of the reactor, and how many messages were echoed in counted turns. On the
// simulated reactor the clients are coil's own, and are counted with the server and the network.
#include <arpa/inet.h>
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/testing/reactors.h>
#include <coil/testing/simulated_reactor.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The name is in none of the namespaces so that a tool finds it as it is written.
[[gnu::noinline]] void counted_turn(coil::Reactor& reactor) { reactor.iterate(); }

namespace {

constexpr int uncounted_rounds = 20;
constexpr int turns_per_round_max = 10000;
constexpr int refused = 3;
constexpr std::uint64_t seed = 1;
constexpr coil::Duration latency = std::chrono::microseconds(10);

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "echo_cost: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

coil::Task<void> echo(coil::TcpStream stream) {
  for (;;) {
    const coil::BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;
    co_await coil::write_all(stream, data.bytes());
  }
}

coil::Task<void> answer(coil::TcpStream& stream, coil::ConstBytes data) {
  co_await coil::write_all(stream, data);
}

// As echo(), and one Task more for each message.
coil::Task<void> echo_by_child(coil::TcpStream stream) {
  for (;;) {
    const coil::BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;
    co_await answer(stream, data.bytes());
  }
}

class Echo final : public coil::Protocol {
 public:
  void dataReceived(coil::ConstBytes data) override { transport().write(data); }
};

// A server in one of the styles, from its construction on.
class Server {
 public:
  Server(coil::Reactor& reactor, std::string_view style) {
    if (style == "protocol") {
      const auto factory = coil::Factory::forProtocol<Echo>();
      port_ = coil::listenTCP(reactor, coil::Address::loopback(0), factory);
      return;
    }
    listener_ = coil::TcpListener::bind(reactor, coil::Address::loopback(0));
    auto handler = style == "child" ? &echo_by_child : &echo;
    coil::Deferred<void>::fromCoroutine(reactor, coil::serve(listener_, handler))
        .addErrback([](const coil::Failure&) {});  // Stopped.
  }

  coil::Address address() const { return port_ ? port_->getHost() : listener_.local_address(); }

 private:
  coil::TcpListener listener_;
  std::optional<coil::ListeningPort> port_;
};

// Clients that know no coil: all of them send, then all of them wait for the echo.
class ForeignClients {
 public:
  ForeignClients(coil::Reactor& reactor, const coil::Address& server, std::size_t count,
                 std::size_t size)
      : reactor_(reactor), message_(size, 'x'), incoming_(size), missing_(count, 0) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while (descriptors_.size() < count) {
      const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (descriptor < 0) fail("socket");
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto* to = reinterpret_cast<const sockaddr*>(&address);
      if (::connect(descriptor, to, sizeof address) != 0) fail("connect");
      descriptors_.push_back(descriptor);
    }
  }
  ForeignClients(const ForeignClients&) = delete;
  ForeignClients& operator=(const ForeignClients&) = delete;
  ~ForeignClients() {
    for (const int descriptor : descriptors_) ::close(descriptor);
  }

  // One message per client and round, through turn(reactor) as often as that takes.
  template <class Turn>
  std::size_t run(int rounds, Turn turn) {
    for (int round = 0; round < rounds; ++round) {
      send_all();
      for (int turns = 0; !all_received(); ++turns) {
        if (turns == turns_per_round_max) fail("no echo");
        turn(reactor_);
      }
    }
    return static_cast<std::size_t>(rounds) * descriptors_.size();
  }

 private:
  void send_all() {
    for (std::size_t index = 0; index < descriptors_.size(); ++index) {
      const ssize_t sent =
          ::send(descriptors_[index], message_.data(), message_.size(), MSG_NOSIGNAL);
      if (sent != static_cast<ssize_t>(message_.size())) fail("send");
      missing_[index] = message_.size();
    }
  }

  bool all_received() {
    bool all = true;
    for (std::size_t index = 0; index < descriptors_.size(); ++index) {
      while (missing_[index] > 0) {
        const ssize_t got =
            ::recv(descriptors_[index], incoming_.data(), missing_[index], MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) break;
        if (got <= 0) fail("recv");
        missing_[index] -= static_cast<std::size_t>(got);
      }
      all = all && missing_[index] == 0;
    }
    return all;
  }

  coil::Reactor& reactor_;
  std::string message_;
  std::vector<char> incoming_;
  std::vector<std::size_t> missing_;  // Bytes of the echo, per client.
  std::vector<int> descriptors_;
};

// Clients on the server's own reactor, which send again as soon as the echo is there.
class SimulatedClients {
 public:
  SimulatedClients(coil::Reactor& reactor, const coil::Address& server, std::size_t count,
                   std::size_t size)
      : reactor_(reactor), server_(server), count_(count), message_(size, 'x') {
    for (std::size_t index = 0; index < count; ++index) {
      coil::Deferred<void>::fromCoroutine(reactor, talk()).addErrback([](const coil::Failure&) {});
    }
  }

  template <class Turn>
  std::size_t run(int rounds, Turn turn) {
    const std::size_t before = echoed_;
    const std::size_t goal = before + static_cast<std::size_t>(rounds) * count_;
    for (int turns = 0; echoed_ < goal; ++turns) {
      if (turns == rounds * turns_per_round_max) fail("no echo");
      turn(reactor_);
    }
    return echoed_ - before;
  }

 private:
  coil::Task<void> talk() {
    coil::TcpStream stream = co_await coil::TcpStream::connect(reactor_, server_);
    std::string incoming(message_.size(), ' ');
    for (;;) {
      co_await coil::write_all(stream, message_);
      co_await coil::read_exactly(stream, incoming);
      ++echoed_;
    }
  }

  coil::Reactor& reactor_;
  coil::Address server_;
  std::size_t count_;
  std::string message_;
  std::size_t echoed_ = 0;
};

template <class Clients>
std::size_t count(Clients&& clients, int rounds) {
  clients.run(uncounted_rounds, [](coil::Reactor& reactor) { reactor.iterate(); });
  return clients.run(rounds, &counted_turn);
}

int usage(const char* program) {
  std::fprintf(stderr,
               "usage: %s REACTOR coroutine|child|protocol CONNECTIONS SIZE ROUNDS | --build\n",
               program);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--build") {
    std::puts(ECHO_COST_BUILD);
    return 0;
  }
  if (argc != 6) return usage(argv[0]);
  const std::string_view style = argv[2];
  if (style != "coroutine" && style != "child" && style != "protocol") return usage(argv[0]);
  const auto connections = static_cast<std::size_t>(std::atoi(argv[3]));
  const auto size = static_cast<std::size_t>(std::atoi(argv[4]));
  const int rounds = std::atoi(argv[5]);
  if (connections == 0 || size == 0 || rounds <= 0) return usage(argv[0]);

  std::string refusal;
  const std::unique_ptr<coil::Reactor> reactor =
      coil::testing::make_test_reactor(argv[1], seed, refusal);
  if (reactor == nullptr) {
    std::puts(refusal.c_str());
    return refused;
  }
  const Server server(*reactor, style);
  std::size_t messages = 0;
  if (auto* simulated = dynamic_cast<coil::testing::SimulatedReactor*>(reactor.get())) {
    simulated->network().set_partial_transfers(false);
    simulated->network().set_latency(latency, latency);
    messages = count(SimulatedClients(*reactor, server.address(), connections, size), rounds);
  } else {
    messages = count(ForeignClients(*reactor, server.address(), connections, size), rounds);
  }
  std::printf("%s\n%zu\n", reactor->description().c_str(), messages);
  std::fflush(stdout);
  std::_Exit(0);  // What ending the server takes is nobody's message.
}
