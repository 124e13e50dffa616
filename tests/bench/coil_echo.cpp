// coil's echo servers as the benchmarks run them: a reactor and a style, and nothing that counts.
#include <coil/net.h>
#include <coil/runtime.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

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

int usage(const char* program) {
  std::fprintf(stderr, "usage: %s REACTOR coroutine|protocol\n", program);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return usage(argv[0]);
  const std::string_view style = argv[2];
  if (style != "coroutine" && style != "protocol") return usage(argv[0]);
  ::setenv("COIL_REACTOR", argv[1], 1);
  const std::unique_ptr<coil::Reactor> reactor = coil::make_reactor();
  if (reactor->name() != argv[1]) return usage(argv[0]);

  coil::TcpListener listener;
  std::optional<coil::ListeningPort> port;
  coil::Address where;
  if (style == "coroutine") {
    listener = coil::TcpListener::bind(*reactor, coil::Address::loopback(0));
    where = listener.local_address();
    coil::Deferred<void>::fromCoroutine(*reactor, coil::serve(listener, &echo))
        .addErrback([](const coil::Failure&) {});  // Stopped.
  } else {
    port =
        coil::listenTCP(*reactor, coil::Address::loopback(0), coil::Factory::forProtocol<Echo>());
    where = port->getHost();
  }
  std::printf("listening on %s\n", where.to_string().c_str());
  std::fflush(stdout);
  reactor->run();
}
