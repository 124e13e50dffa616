// coil's echo servers as the benchmarks run them: a reactor and a style, and nothing that counts.
#include <coil/net.h>
#include <coil/runtime.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

coil::Task<void> echo(coil::TcpStream stream) {
  for (;;) {
    const coil::BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;
    co_await coil::write_all(stream, data.bytes());
  }
}

class Echo final : public coil::Protocol {
 public:
  void dataReceived(coil::ConstBytes data) override { transport().write(data); }
};

// One reactor and its listening socket; several share a port.
class Server {
 public:
  Server(std::string_view style, const coil::Address& where, bool shared)
      : reactor_(coil::make_reactor()) {
    const auto options = coil::ListenOptions().set_reuse_port(shared);
    if (style == "coroutine") {
      listener_ = coil::TcpListener::bind(*reactor_, where, options);
      where_ = listener_.local_address();
      coil::Deferred<void>::fromCoroutine(*reactor_, coil::serve(listener_, &echo))
          .addErrback([](const coil::Failure&) {});  // Stopped.
    } else {
      port_ = coil::listenTCP(*reactor_, where, coil::Factory::forProtocol<Echo>(), options);
      where_ = port_->getHost();
    }
  }
  coil::Reactor& reactor() { return *reactor_; }
  const coil::Address& where() const { return where_; }

 private:
  std::unique_ptr<coil::Reactor> reactor_;
  coil::TcpListener listener_;
  std::optional<coil::ListeningPort> port_;
  coil::Address where_;
};

// The processors that the program may use, as it was started.
const std::vector<int>& processors() {
  static const std::vector<int> all = [] {
    cpu_set_t allowed;
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<int> numbers;
    for (int number = 0; number < CPU_SETSIZE; ++number) {
      if (CPU_ISSET(number, &allowed)) numbers.push_back(number);
    }
    return numbers;
  }();
  return all;
}

// The calling thread keeps to one of them.
void pin(int index) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  CPU_SET(processors()[static_cast<std::size_t>(index) % processors().size()], &mine);
  ::pthread_setaffinity_np(::pthread_self(), sizeof mine, &mine);
}

// Asks the kernel to give this thread's listener the connections that begin on its processor. The
// listener is the one that nobody has asked for yet: servers are made one after another.
void prefer_this_processor() {
  for (int descriptor = 0; descriptor < 64; ++descriptor) {
    int listens = 0;
    int processor = -1;
    socklen_t size = sizeof listens;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) continue;
    ::getsockopt(descriptor, SOL_SOCKET, SO_INCOMING_CPU, &processor, &size);
    if (listens == 0 || processor >= 0) continue;
    processor = ::sched_getcpu();
    ::setsockopt(descriptor, SOL_SOCKET, SO_INCOMING_CPU, &processor, sizeof processor);
  }
}

// A further reactor on a thread of its own, serving the same port.
class Sibling {
 public:
  Sibling(int index, std::string_view style, const coil::Address& where, bool steered) {
    std::promise<coil::Reactor*> started;
    std::future<coil::Reactor*> reactor = started.get_future();
    thread_ = std::thread([=, started = std::move(started)]() mutable {
      pin(index);
      Server server(style, where, true);
      if (steered) prefer_this_processor();
      server.reactor().callWhenRunning([&] { started.set_value(&server.reactor()); });
      server.reactor().run();
    });
    reactor_ = reactor.get();
  }
  Sibling(const Sibling&) = delete;
  Sibling& operator=(const Sibling&) = delete;
  ~Sibling() {
    reactor_->callFromThread([reactor = reactor_] { reactor->stop(); });
    thread_.join();
  }

 private:
  coil::Reactor* reactor_ = nullptr;
  std::thread thread_;
};

struct Options {
  std::string_view style;
  int reactors = 1;
  bool steered = false;
};

std::optional<Options> parse(int argc, char** argv) {
  if (argc < 3) return std::nullopt;
  Options options;
  options.style = argv[2];
  if (options.style != "coroutine" && options.style != "protocol") return std::nullopt;
  for (int index = 3; index < argc; ++index) {
    const std::string_view argument = argv[index];
    if (argument == "--reactors" && index + 1 < argc) {
      options.reactors = std::atoi(argv[++index]);
    } else if (argument == "--steer") {
      options.steered = true;
    } else {
      return std::nullopt;
    }
  }
  return options.reactors > 0 ? std::optional(options) : std::nullopt;
}

int usage(const char* program) {
  std::fprintf(stderr, "usage: %s REACTOR coroutine|protocol [--reactors COUNT] [--steer]\n",
               program);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = parse(argc, argv);
  if (!options) return usage(argv[0]);
  ::setenv("COIL_REACTOR", argv[1], 1);

  Server server(options->style, coil::Address::loopback(0), options->reactors > 1);
  if (server.reactor().name() != argv[1]) return usage(argv[0]);
  std::vector<std::unique_ptr<Sibling>> siblings;
  // This reactor runs first, so that it is the one that the exit signals stop.
  server.reactor().callWhenRunning([&] {
    if (options->reactors > 1) pin(0);
    if (options->steered) prefer_this_processor();
    for (int index = 1; index < options->reactors; ++index) {
      siblings.push_back(
          std::make_unique<Sibling>(index, options->style, server.where(), options->steered));
    }
    std::printf("listening on %s\n", server.where().to_string().c_str());
    std::fflush(stdout);
  });
  server.reactor().run();
}
