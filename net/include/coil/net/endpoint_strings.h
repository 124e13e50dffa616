// serverFromString, clientFromString: endpoints described by one line of text.
#pragma once

#include <coil/net/endpoint.h>
#include <coil/runtime/reactor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coil {

// EndpointArguments: what a description says, by the names of its kind's parameters.
//
// Example (tests/examples/endpoint_example.cpp, "kind"):
//
//   Address at = Address::loopback(arguments.number("port", 0, 65'535));
//
// Errors: std::invalid_argument, with a sentence that names the description's kind and parameter.
class EndpointArguments {
 public:
  // The value, or nothing where the description does not give it.
  std::optional<std::string> text(const std::string& name) const;
  // The value of a parameter that the kind requires.
  const std::string& required(const std::string& name) const { return values_.at(name); }
  // The same as a whole number from `least` to `most`.
  std::uint16_t number(const std::string& name, std::uint16_t least, std::uint16_t most) const;
  const std::string& kind() const noexcept { return kind_; }

 private:
  friend class EndpointKinds;

  std::string kind_;
  std::map<std::string, std::string> values_;
};

// EndpointParameters: what can be said about a kind of endpoint: first what must be, then the rest;
// values without a name are theirs in this order.
//
// Example (tests/examples/endpoint_example.cpp, "kind"):
//
//   EndpointParameters parameters({"port"}, {"greeting"});
class EndpointParameters {
 public:
  EndpointParameters(std::vector<std::string> required, std::vector<std::string> optional)
      : required_count(required.size()), names(std::move(required)) {
    for (std::string& name : optional) names.push_back(std::move(name));
  }
  std::size_t required_count;
  std::vector<std::string> names;
};

// EndpointKinds: the kinds of endpoint that a description can name.
//
// Example (tests/examples/endpoint_example.cpp, "kind"):
//
//   EndpointKinds& kinds = EndpointKinds::of(reactor);
//   kinds.add_server("local", parameters, make_local);
//   auto endpoint = serverFromString(reactor, "local:0");
//
// Guarantees: A reactor's kinds are its own: tcp, tcp6, fd and systemd for servers, tcp and tcp6
//             for clients, and what was added. Adding a name again replaces that kind.
class EndpointKinds {
 public:
  using MakeServer =
      std::function<std::unique_ptr<StreamServerEndpoint>(Reactor&, const EndpointArguments&)>;
  using MakeClient =
      std::function<std::unique_ptr<StreamClientEndpoint>(Reactor&, const EndpointArguments&)>;

  EndpointKinds();

  // The kinds of `reactor`, made at the first call.
  static EndpointKinds& of(Reactor& reactor);

  void add_server(const std::string& name, EndpointParameters parameters, MakeServer make);
  void add_client(const std::string& name, EndpointParameters parameters, MakeClient make);

  // The endpoint that a description names; see serverFromString and clientFromString.
  std::unique_ptr<StreamServerEndpoint> server(Reactor& reactor,
                                               std::string_view description) const;
  std::unique_ptr<StreamClientEndpoint> client(Reactor& reactor,
                                               std::string_view description) const;

 private:
  template <class Make>
  struct Kind {
    EndpointParameters parameters;
    Make make;
  };
  template <class Make>
  using Kinds = std::map<std::string, Kind<Make>>;

  template <class Make>
  static auto make(const Kinds<Make>& kinds, const char* role, Reactor& reactor,
                   std::string_view description);
  static EndpointArguments bind(const EndpointParameters& parameters, std::string_view description);

  Kinds<MakeServer> servers_;
  Kinds<MakeClient> clients_;
};

// Makes the endpoint that is described: the kind, then its arguments, each behind a colon, by
// position or as NAME=VALUE. A backslash takes the meaning from a colon, a backslash, and the first
// equal sign of an argument.
//
//   tcp:8080                                    any IPv4 interface
//   tcp:0:interface=127.0.0.1:backlog=64        this one; the system picks the port
//   tcp6:8080:interface=\:\:1                   IPv6
//   fd:3                                        a descriptor that listens already
//   systemd:index=0    systemd:name=web         one that systemd has passed
//
// Errors: std::invalid_argument with a sentence that says what is wrong and what there is;
//         InvalidAddressError for an address that is not numeric.
// Source: Twisted's serverFromString.
std::unique_ptr<StreamServerEndpoint> serverFromString(Reactor& reactor,
                                                       std::string_view description);

// The same for a client.
//
//   tcp:127.0.0.1:8080:timeout=5:bindAddress=127.0.0.2
//   tcp6:\:\:1:8080
//
// Errors: As serverFromString.
// Units:  timeout is in whole seconds.
// Source: Twisted's clientFromString.
std::unique_ptr<StreamClientEndpoint> clientFromString(Reactor& reactor,
                                                       std::string_view description);

// Quotes a value for use as an argument in a description.
std::string quoteStringArgument(std::string_view value);

}  // namespace coil
