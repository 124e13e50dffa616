// Listening as a service.
#include <coil/net/endpoint_service.h>

#include <utility>

namespace coil {

StreamServerEndpointService::StreamServerEndpointService(
    Reactor& reactor, std::unique_ptr<StreamServerEndpoint> endpoint,
    std::shared_ptr<Factory> factory)
    : reactor_(reactor), endpoint_(std::move(endpoint)), factory_(std::move(factory)) {}

Task<void> StreamServerEndpointService::privilegedStartService() {
  co_await Service::privilegedStartService();
  listen();
}

Task<void> StreamServerEndpointService::startService() {
  listen();
  co_await Service::startService();
}

void StreamServerEndpointService::listen() {
  if (listening_) return;
  std::weak_ptr<Service> weak = weak_from_this();
  auto told = [this, weak](Result<ListeningPort>&& result) {
    if (const std::shared_ptr<Service> self = weak.lock()) listened(std::move(result));
  };
  asking_ = true;
  Deferred<ListeningPort> asked = endpoint_->listen(factory_);
  listening_ = asked.addBoth(std::move(told));
  asking_ = false;
  if (!failure_) return;
  listening_.reset();
  std::exchange(failure_, Failure()).raiseException();
}

void StreamServerEndpointService::listened(Result<ListeningPort>&& result) {
  if (result) {
    port_ = std::move(*result);
  } else if (asking_) {
    failure_ = result.error().failure();
  } else if (std::exchange(listening_, std::nullopt)) {
    const Failure failure = result.error().failure();
    reactor_.log(LogRecord(LogLevel::error, "listen: " + failure.getErrorMessage(), failure));
  }
}

Task<void> StreamServerEndpointService::stopService() {
  co_await Service::stopService();
  std::optional<Deferred<void>> listening = std::exchange(listening_, std::nullopt);
  if (listening) {
    listening->cancel();
    co_await *listening;  // What could not be given up any more still gives its port.
  }
  if (!port_) co_return;
  ListeningPort port = *std::exchange(port_, std::nullopt);
  co_await port.stopListening();
}

}  // namespace coil
