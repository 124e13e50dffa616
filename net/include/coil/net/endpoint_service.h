// StreamServerEndpointService: a service that listens while it runs.
#pragma once

#include <coil/net/endpoint.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/failure.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/service.h>

#include <memory>
#include <optional>

namespace coil {

// StreamServerEndpointService: listens on an endpoint from its start to its stop.
//
// Example (tests/examples/endpoint_service_example.cpp, "listen"):
//
//   auto web = std::make_shared<StreamServerEndpointService>(
//       reactor, serverFromString(reactor, "tcp:0:interface=127.0.0.1"), factory);
//   co_await web->startService();
//   std::printf("%s\n", web->port()->getHost().to_string().c_str());
//   co_await web->stopService();
//
// Guarantees: The privileged start listens, and the start does if there was none. Neither waits for
//             an endpoint that takes its time: a stop ends that, and what fails by then is logged.
//             A listen that fails at once fails the start.
// Errors:     What the endpoint fails with.
// Source:     Twisted's StreamServerEndpointService.
class StreamServerEndpointService : public Service {
 public:
  StreamServerEndpointService(Reactor& reactor, std::unique_ptr<StreamServerEndpoint> endpoint,
                              std::shared_ptr<Factory> factory);

  Task<void> privilegedStartService() override;
  Task<void> startService() override;
  Task<void> stopService() override;

  // Where it listens, once it does.
  const std::optional<ListeningPort>& port() const noexcept { return port_; }

 private:
  void listen();
  void listened(Result<ListeningPort>&& result);

  Reactor& reactor_;
  std::unique_ptr<StreamServerEndpoint> endpoint_;
  std::shared_ptr<Factory> factory_;
  std::optional<Deferred<void>> listening_;  // From the listen on, until it failed or the stop.
  std::optional<ListeningPort> port_;
  Failure failure_;  // Of a listen that failed at once.
  bool asking_ = false;
};

}  // namespace coil
