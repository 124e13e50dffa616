// Covers: endpoint_strings.h: descriptions that are understood, and sentences for the others.
#include <coil/net/endpoint_strings.h>

#include <stdexcept>
#include <string>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

std::string complaint_about_server(Reactor& reactor, const std::string& description) {
  try {
    static_cast<void>(serverFromString(reactor, description));
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

std::string complaint_about_client(Reactor& reactor, const std::string& description) {
  try {
    static_cast<void>(clientFromString(reactor, description));
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

Task<Address> host_of(Reactor& reactor, std::string description) {
  auto endpoint = serverFromString(reactor, description);
  TcpListener listener = co_await endpoint->listen();
  co_return listener.local_address();
}

TEST_CASE("arguments are given by their position or by their name, in any order") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    const Address loopback = Address::loopback(0);
    for (const char* description :
         {"tcp:0:127.0.0.1", "tcp:0:interface=127.0.0.1", "tcp:interface=127.0.0.1:port=0",
          "tcp:port=0:interface=127.0.0.1:backlog=5", "tcp:0:127.0.0.1:5"}) {
      CAPTURE(description);
      const Address host = co_await host_of(*reactor, description);
      CHECK(host.ip() == loopback.ip());
      CHECK(host.port() != 0);
    }
    const Address anywhere = co_await host_of(*reactor, "tcp:0");
    CHECK(anywhere.ip() == IpAddress());
    const Address v6 = co_await host_of(*reactor, "tcp6:0:interface=\\:\\:1");
    CHECK(v6.ip() == Address::loopback_v6(0).ip());
    const Address quoted =
        co_await host_of(*reactor, "tcp6:0:interface=" + quoteStringArgument("::1"));
    CHECK(quoted.ip() == v6.ip());
  };
  run(*reactor, body());
}

TEST_CASE("a client's description connects, from the address that it names") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    const std::string port = std::to_string(listener.local_address().port());
    for (const std::string& description :
         {"tcp:127.0.0.1:" + port, "tcp:port=" + port + ":host=127.0.0.1",
          "tcp:127.0.0.1:" + port + ":timeout=5:bindAddress=127.0.0.1"}) {
      CAPTURE(description);
      auto endpoint = clientFromString(*reactor, description);
      TcpStream stream = co_await endpoint->connect();
      TcpStream accepted = co_await listener.accept();
      CHECK(accepted.peer_address() == stream.local_address());
      CHECK(accepted.peer_address().ip() == Address::loopback(0).ip());
    }
  };
  run(*reactor, body());
}

TEST_CASE("a description that is not understood is refused with what there is instead") {
  COIL_CONTRACT(reactor);
  CHECK(complaint_about_server(*reactor, "udp:80") ==
        "this build has no server endpoint of kind 'udp'; there are fd, systemd, tcp, tcp6");
  CHECK(complaint_about_client(*reactor, "tls:127.0.0.1:443") ==
        "this build has no client endpoint of kind 'tls'; there are tcp, tcp6");
  CHECK(complaint_about_server(*reactor, "") ==
        "this build has no server endpoint of kind ''; there are fd, systemd, tcp, tcp6");
  CHECK(complaint_about_server(*reactor, "tcp") ==
        "an endpoint of kind 'tcp' needs 'port'; it takes port, interface, backlog");
  CHECK(complaint_about_server(*reactor, "tcp:80:127.0.0.1:5:more") ==
        "an endpoint of kind 'tcp' has no place for 'more'; it takes port, interface, backlog");
  CHECK(complaint_about_server(*reactor, "tcp:80:colour=red") ==
        "an endpoint of kind 'tcp' has no parameter 'colour'; it takes port, interface, backlog");
  CHECK(complaint_about_server(*reactor, "tcp:80:port=81") ==
        "an endpoint of kind 'tcp' was given 'port' twice; it takes port, interface, backlog");
  CHECK(complaint_about_server(*reactor, "tcp:http") ==
        "the port of an endpoint of kind 'tcp' is a number from 0 to 65535, not 'http'");
  CHECK(complaint_about_server(*reactor, "tcp:65536") != "");
  CHECK(complaint_about_server(*reactor, "tcp:-1") != "");
  CHECK(complaint_about_server(*reactor, "tcp:80 ") != "");
  CHECK(complaint_about_client(*reactor, "tcp:127.0.0.1:0") != "");
  CHECK(complaint_about_server(*reactor, "tcp:80\\") ==
        "the description 'tcp:80\\' ends with a backslash that quotes nothing");
  CHECK(complaint_about_server(*reactor, "systemd") ==
        "an endpoint of kind 'systemd' is named by its index or by its name, one of them");
  CHECK(complaint_about_server(*reactor, "systemd:index=0:name=web") ==
        complaint_about_server(*reactor, "systemd"));
}

TEST_CASE("a name where an address is wanted is refused, as is an address of the other family") {
  COIL_CONTRACT(reactor);
  CHECK_THROWS_AS(clientFromString(*reactor, "tcp:example.org:80"), InvalidAddressError);
  CHECK_THROWS_AS(clientFromString(*reactor, "tcp:\\:\\:1:80"), InvalidAddressError);
  CHECK_THROWS_AS(clientFromString(*reactor, "tcp6:127.0.0.1:80"), InvalidAddressError);
  CHECK_THROWS_AS(serverFromString(*reactor, "tcp:80:interface=localhost"), InvalidAddressError);
  CHECK(complaint_about_client(*reactor, "tcp:example.org:80")
            .find("numeric IPv4 address, not 'example.org'") != std::string::npos);
}

// Keeps what it was made from.
class Noted : public StreamServerEndpoint {
 public:
  explicit Noted(std::string text) : noted(std::move(text)) {}
  Deferred<ListeningPort> listen(std::shared_ptr<Factory>) override {
    return fail<ListeningPort>(Failure(std::runtime_error("noted")));
  }
  std::string noted;
};

TEST_CASE("a kind that was added is found, with its escapes, and belongs to one reactor") {
  COIL_CONTRACT(reactor);
  const auto note = [](Reactor&, const EndpointArguments& arguments) {
    const std::string first = arguments.required("first");
    return std::make_unique<Noted>(first + "|" + arguments.text("second").value_or("none"));
  };
  EndpointKinds::of(*reactor).add_server("note", EndpointParameters({"first"}, {"second"}), note);
  auto noted = [&](const std::string& description) {
    const auto endpoint = serverFromString(*reactor, description);
    return dynamic_cast<Noted&>(*endpoint).noted;
  };
  CHECK(noted("note:a") == "a|none");
  CHECK(noted("note:a:second=b=c") == "a|b=c");
  CHECK(noted("note:a\\=b:c\\:d\\\\e") == "a=b|c:d\\e");
  CHECK(noted("note:second=:first=") == "|");
  for (const char* text : {"plain", "a:b", "a\\b", "a=b", "\\:=\\\\", ""}) {
    CAPTURE(text);
    CHECK(noted("note:" + quoteStringArgument(text)) == std::string(text) + "|none");
    CHECK(noted("note:x:second=" + quoteStringArgument(text)) == "x|" + std::string(text));
  }
  const auto other = make_contract_reactor();
  CHECK_THROWS_AS(serverFromString(*other, "note:a"), std::invalid_argument);
}

}  // namespace
