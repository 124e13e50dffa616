// ClientService: a service that keeps one connection.
#pragma once

#include <coil/net/endpoint.h>
#include <coil/net/protocol.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/event.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/reactor_time.h>
#include <coil/runtime/service.h>
#include <coil/runtime/task.h>
#include <coil/runtime/time_point.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace coil {

// How long to wait before the next attempt, after so many that have failed or were lost. One that
// throws is logged, and ends the attempts until the service is started again.
using RetryPolicy = std::function<Duration(unsigned failed_attempts)>;

// Waits that grow by `factor` from `initial` up to `longest`, each with up to a second more, so
// that not everybody comes back at once.
//
// Source: Twisted's backoffPolicy.
RetryPolicy backoff_policy(ReactorTime& time, Duration initial = std::chrono::seconds(1),
                           Duration longest = std::chrono::seconds(60), double factor = 1.5);

// ClientServiceOptions: when a ClientService tries again.
//
// Example (tests/examples/client_service_example.cpp, "client service"):
//
//   const auto in_a_second = [](unsigned) { return std::chrono::seconds(1); };
//   ClientServiceOptions options = ClientServiceOptions().set_retry_policy(in_a_second);
class ClientServiceOptions {
 public:
  ClientServiceOptions() noexcept {}
  // backoff_policy() unless set.
  ClientServiceOptions& set_retry_policy(RetryPolicy value) {
    retry_policy = std::move(value);
    return *this;
  }
  // The clock of the waits; the reactor unless set.
  ClientServiceOptions& set_time(ReactorTime& value) noexcept {
    time = &value;
    return *this;
  }
  RetryPolicy retry_policy;
  ReactorTime* time = nullptr;
};

// ClientService: connects while it runs, and connects again whenever that failed or was lost.
//
// Example (tests/examples/client_service_example.cpp, "client service"):
//
//   auto service = std::make_shared<ClientService>(
//       reactor, std::make_unique<TcpClientEndpoint>(reactor, server), factory, options);
//   co_await service->startService();
//   std::shared_ptr<Protocol> protocol = co_await service->whenConnected();
//   co_await service->stopService();
//
// Guarantees: There is at most one connection, and after the stop none. A start while it is being
//             stopped connects anew once the old connection has ended. A second start is logged,
//             and does nothing.
// Source:     Twisted's ClientService.
class ClientService : public Service {
 public:
  ClientService(Reactor& reactor, std::unique_ptr<StreamClientEndpoint> endpoint,
                std::shared_ptr<Factory> factory,
                ClientServiceOptions options = ClientServiceOptions());

  // Does not wait for the connection.
  Task<void> startService() override;
  // Returns when the connection, the attempt or the wait has ended; so does a second call.
  Task<void> stopService() override;

  // Fires with the connected protocol, at once if there is one.
  //
  // Errors: The last attempt's, once `fail_after_failures` attempts from here on have failed,
  //         where none is the same as one; CancelledError if the service is stopped, or was.
  Deferred<std::shared_ptr<Protocol>> whenConnected(
      std::optional<unsigned> fail_after_failures = std::nullopt);

 protected:
  // Does what a fresh connection needs before it is given to anybody, such as to log in. If it
  // fails, the attempt has failed, and the connection is closed.
  virtual Task<void> prepareConnection(std::shared_ptr<Protocol> protocol);

 private:
  class Watched;
  class Waiter {
   public:
    explicit Waiter(std::optional<unsigned> limit) noexcept : failures_left(limit) {}
    Deferred<std::shared_ptr<Protocol>> deferred;
    std::optional<unsigned> failures_left;
  };

  void begin();
  void ended(const Result<>& result);
  Task<void> keep_connected();
  Task<void> hold_one_connection();
  Task<void> hold(std::shared_ptr<Protocol> protocol, Watched& connection);
  void connected(const std::shared_ptr<Protocol>& protocol);
  void attempt_failed(const Failure& why);
  void give_up_waiters();

  Reactor& reactor_;
  std::unique_ptr<StreamClientEndpoint> endpoint_;
  std::shared_ptr<Factory> factory_;
  ClientServiceOptions options_;
  std::optional<Deferred<void>> keeping_;  // The strand that connects again and again.
  Event idle_;                             // Set while there is no such strand.
  std::shared_ptr<Protocol> protocol_;     // Connected and prepared.
  std::vector<Waiter> waiters_;
  unsigned failed_attempts_ = 0;
  bool stopped_ = false;      // And not started since.
  bool start_again_ = false;  // When the strand has ended.
};

}  // namespace coil
