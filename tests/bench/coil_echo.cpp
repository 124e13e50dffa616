// coil's echo servers as the benchmarks run them: a reactor and a style, and nothing that counts.
#include <coil/net.h>
#include <coil/runtime.h>
#include <pthread.h>
#include <sched.h>

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

// The calling thread keeps to one of the processors that the program may use.
void pin(int index) {
  cpu_set_t allowed;
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed)) cores.push_back(core);
  }
  cpu_set_t mine;
  CPU_ZERO(&mine);
  CPU_SET(cores[static_cast<std::size_t>(index) % cores.size()], &mine);
  ::pthread_setaffinity_np(::pthread_self(), sizeof mine, &mine);
}

// A further reactor on a thread of its own, serving the same port.
class Sibling {
 public:
  Sibling(int index, std::string_view style, const coil::Address& where) {
    std::promise<coil::Reactor*> started;
    std::future<coil::Reactor*> reactor = started.get_future();
    thread_ = std::thread([index, style, where, started = std::move(started)]() mutable {
      pin(index);
      Server server(style, where, true);
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

int usage(const char* program) {
  std::fprintf(stderr, "usage: %s REACTOR coroutine|protocol [--reactors COUNT]\n", program);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && (argc != 5 || std::string_view(argv[3]) != "--reactors")) return usage(argv[0]);
  const std::string_view style = argv[2];
  const int count = argc == 5 ? std::atoi(argv[4]) : 1;
  if ((style != "coroutine" && style != "protocol") || count < 1) return usage(argv[0]);
  ::setenv("COIL_REACTOR", argv[1], 1);

  Server server(style, coil::Address::loopback(0), count > 1);
  if (server.reactor().name() != argv[1]) return usage(argv[0]);
  std::vector<std::unique_ptr<Sibling>> siblings;
  // This reactor runs first, so that it is the one that the exit signals stop.
  server.reactor().callWhenRunning([&] {
    for (int index = 1; index < count; ++index) {
      siblings.push_back(std::make_unique<Sibling>(index, style, server.where()));
    }
    if (count > 1) pin(0);  // After the others, which inherit what this thread may use.
    std::printf("listening on %s\n", server.where().to_string().c_str());
    std::fflush(stdout);
  });
  server.reactor().run();
}
