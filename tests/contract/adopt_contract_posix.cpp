// The part of the contract about adopted sockets that is for POSIX systems: numbers of descriptors.
#include <coil/net/endpoint.h>
#include <coil/net/endpoint_strings.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "support/contract.h"
#include "support/foreign_socket.h"

using namespace coil;
using namespace coil::testing;

namespace {

// An environment variable for as long as this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

Task<void> serve_once(Reactor& reactor, const std::string& description) {
  auto endpoint = serverFromString(reactor, description);
  TcpListener listener = co_await endpoint->listen();
  const Address address = Address::loopback(listener.local_address().port());
  TcpStream client = co_await TcpStream::connect(reactor, address);
  TcpStream accepted = co_await listener.accept();
  CHECK(accepted.peer_address() == client.local_address());
}

TEST_CASE("a passed descriptor is named by its number, or by what systemd says of it") {
  COIL_CONTRACT(reactor);
  if (reactor->name() == "simulated") return;
  auto body = [&]() -> Task<void> {
    ForeignSocket socket = ForeignSocket::listening();
    co_await serve_once(*reactor, "fd:" + std::to_string(socket.release().descriptor()));

    ForeignSocket by_index = ForeignSocket::listening();
    ForeignSocket by_name = ForeignSocket::listening();
    std::string names;
    const int last = std::max(by_index.handle().descriptor(), by_name.handle().descriptor());
    for (int descriptor = 3; descriptor <= last; ++descriptor) {
      names += descriptor == 3 ? "" : ":";
      names += descriptor == by_name.handle().descriptor() ? "web" : "unknown";
    }
    const Variable process("LISTEN_PID", std::to_string(::getpid()));
    const Variable count("LISTEN_FDS", std::to_string(last - 2));
    const Variable listed("LISTEN_FDNAMES", names);
    co_await serve_once(*reactor,
                        "systemd:index=" + std::to_string(by_index.release().descriptor() - 3));
    co_await serve_once(*reactor, "systemd:name=web");
    static_cast<void>(by_name.release());
    CHECK_THROWS_WITH_AS(serverFromString(*reactor, "systemd:name=mail"),
                         doctest::Contains("passed no descriptor named 'mail'"),
                         std::invalid_argument);
    CHECK_THROWS_AS(serverFromString(*reactor, "systemd:index=" + std::to_string(last - 2)),
                    std::invalid_argument);
    // Fewer names than descriptors: those behind them have none.
    const Variable many("LISTEN_FDS", "60000");
    const Variable few("LISTEN_FDNAMES", std::string(5000, ':'));
    CHECK_THROWS_AS(serverFromString(*reactor, "systemd:name=mail"), std::invalid_argument);
    const Variable another("LISTEN_PID", "1");
    CHECK_THROWS_WITH_AS(serverFromString(*reactor, "systemd:index=0"),
                         doctest::Contains("it has passed 0"), std::invalid_argument);
  };
  run(*reactor, body());
}

}  // namespace
