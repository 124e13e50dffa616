// The examples of endpoint.h and endpoint_strings.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

class Silent : public Protocol {
  void dataReceived(ConstBytes) override {}
};

Task<void> server(Reactor& reactor, std::shared_ptr<Factory> factory) {
  // [server]
  TcpServerEndpoint endpoint(reactor, Address::loopback(0));
  ListeningPort port = co_await endpoint.listen(factory);  // For protocols …
  TcpListener listener = co_await endpoint.listen();       // … and for coroutines.
  // [/server]
  CHECK(port.getHost() != listener.local_address());
  co_await port.stopListening();
}

Task<void> client(Reactor& reactor, std::shared_ptr<Factory> factory) {
  TcpListener listener = TcpListener::bind(reactor, Address::loopback(0));
  const Address server = listener.local_address();
  // [client]
  TcpClientEndpoint endpoint(reactor, server);
  std::shared_ptr<Protocol> protocol = co_await endpoint.connect(factory);  // For protocols …
  TcpStream stream = co_await endpoint.connect();                           // … and for coroutines.
  // [/client]
  CHECK(protocol->connection()->getPeer() == stream.peer_address());
  protocol->connection()->loseConnection();
}

Task<void> cancel(Reactor& reactor, std::shared_ptr<Factory> factory) {
  TcpListener listener = TcpListener::bind(reactor, Address::loopback(0));
  TcpClientEndpoint endpoint(reactor, listener.local_address());
  std::string gave_up;
  // [cancel]
  Deferred<std::shared_ptr<Protocol>> connecting = endpoint.connect(factory);
  connecting.addErrback([&](Failure failure) -> std::shared_ptr<Protocol> {
    failure.visit<ConnectingCancelledError>(
        [&](const ConnectingCancelledError& error) { gave_up = error.destination(); });
    return nullptr;
  });
  connecting.cancel();
  // [/cancel]
  CHECK(gave_up == listener.local_address().to_string());
  co_return;
}

Task<void> adopt(Reactor& reactor, std::shared_ptr<Factory> factory) {
  TcpListener elsewhere = TcpListener::bind(reactor, Address::loopback(0));
  const NativeHandle native = reactor.handles().find(elsewhere.id())->native();
  const NativeHandle inherited = reactor.sockets().duplicate(native).value();
  // [adopted]
  AdoptedStreamServerEndpoint endpoint(reactor, inherited);
  ListeningPort port = co_await endpoint.listen(factory);
  // [/adopted]
  CHECK(port.getHost() == elsewhere.local_address());
  co_await port.stopListening();
}

Task<void> add_a_kind(Reactor& reactor) {
  // [kind]
  EndpointParameters parameters({"port"}, {"greeting"});
  // [/kind]
  const auto make_local = [](Reactor& owner, const EndpointArguments& arguments) {
    // [kind]
    Address at = Address::loopback(arguments.number("port", 0, 65'535));
    // [/kind]
    return std::make_unique<TcpServerEndpoint>(owner, at);
  };
  // [kind]
  EndpointKinds& kinds = EndpointKinds::of(reactor);
  kinds.add_server("local", parameters, make_local);
  auto endpoint = serverFromString(reactor, "local:0");
  // [/kind]
  TcpListener listener = co_await endpoint->listen();
  CHECK(listener.local_address().ip() == Address::loopback(0).ip());
}

}  // namespace

TEST_CASE("endpoints") {
  const auto reactor = make_reactor();
  const auto factory = Factory::forProtocol<Silent>();
  run(*reactor, server(*reactor, factory));
  run(*reactor, client(*reactor, factory));
  run(*reactor, cancel(*reactor, factory));
  run(*reactor, adopt(*reactor, factory));
  run(*reactor, add_a_kind(*reactor));
}
