// Keeping one connection as a service.
#include <coil/net/client_service.h>

#include <coil/runtime/as_result.h>
#include <coil/runtime/cancellation.h>
#include <coil/runtime/when_any.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace coil {

RetryPolicy backoff_policy(ReactorTime& time, Duration initial, Duration longest, double factor) {
  auto numbers = std::make_shared<std::optional<std::minstd_rand>>();
  return [&time, initial, longest, factor, numbers](unsigned failed_attempts) {
    if (!*numbers) {
      const auto ticks = time.now().time_since_epoch().count();
      numbers->emplace(static_cast<std::minstd_rand::result_type>(ticks));
    }
    const double wait =
        static_cast<double>(initial.count()) * std::pow(factor, std::min(failed_attempts, 100U));
    const auto capped = std::min(wait, static_cast<double>(longest.count()));
    const std::chrono::duration<double> more(std::uniform_real_distribution<double>()(**numbers));
    return Duration(static_cast<Duration::rep>(capped)) +
           std::chrono::duration_cast<Duration>(more);
  };
}

// Stands for the factory during one connection, and tells its end: the endpoint stops it then.
class ClientService::Watched final : public Factory {
 public:
  explicit Watched(std::shared_ptr<Factory> factory) noexcept : factory_(std::move(factory)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address& peer) override {
    return factory_->buildProtocol(peer);
  }
  void startFactory() override { factory_->doStart(); }
  void stopFactory() override {
    over.set();
    factory_->doStop();
  }
  Event over;

 private:
  std::shared_ptr<Factory> factory_;
};

ClientService::ClientService(Reactor& reactor, std::unique_ptr<StreamClientEndpoint> endpoint,
                             std::shared_ptr<Factory> factory, ClientServiceOptions options)
    : reactor_(reactor),
      endpoint_(std::move(endpoint)),
      factory_(std::move(factory)),
      options_(std::move(options)) {
  if (options_.time == nullptr) options_.time = &reactor_;
  if (!options_.retry_policy) options_.retry_policy = backoff_policy(*options_.time);
  idle_.set();
}

Task<void> ClientService::startService() {
  if (running()) {
    reactor_.log(LogRecord(LogLevel::warning, "startService: the client service runs already"));
    co_return;
  }
  co_await Service::startService();
  stopped_ = false;
  start_again_ = !idle_.is_set();
  if (!start_again_) begin();
}

Task<void> ClientService::stopService() {
  stopped_ = true;
  start_again_ = false;
  protocol_ = nullptr;  // It is about to be closed: nobody else gets it.
  co_await Service::stopService();
  give_up_waiters();
  if (keeping_) keeping_->cancel();
  co_await idle_.wait();
}

void ClientService::begin() {
  idle_.clear();
  failed_attempts_ = 0;
  keeping_ = Deferred<void>::fromCoroutine(reactor_, keep_connected());
  const auto self = std::static_pointer_cast<ClientService>(shared_from_this());
  keeping_->addBoth([self](const Result<>& result) { self->ended(result); });
}

void ClientService::ended(const Result<>& result) {
  const Failure why = result ? Failure() : result.error().failure();
  if (why && !why.check<CancelledError>()) {  // Only the policy can throw there.
    const std::string text = "the client service gives up: " + why.getErrorMessage();
    reactor_.log(LogRecord(LogLevel::error, text, why));
  }
  keeping_.reset();
  idle_.set();
  if (std::exchange(start_again_, false)) {
    begin();
  } else {
    give_up_waiters();
  }
}

Task<void> ClientService::keep_connected() {
  for (;;) {
    const Result<> held = co_await as_result(hold_one_connection());
    if (!held) attempt_failed(held.error().failure());
    ++failed_attempts_;
    co_await options_.time->callLater(options_.retry_policy(failed_attempts_));
  }
}

// Returns when a connection that was there has been lost; fails if there was none.
Task<void> ClientService::hold_one_connection() {
  auto connection = std::make_shared<Watched>(factory_);
  const std::shared_ptr<Protocol> protocol = co_await endpoint_->connect(connection);
  Failure failure;
  try {
    co_await hold(protocol, *connection);
  } catch (...) {
    failure = Failure::current();
  }
  protocol_ = nullptr;
  if (!failure) co_return;
  if (Transport* transport = protocol->connection()) transport->loseConnection();
  auto until_over = [](Watched& closing) -> Task<void> { co_await closing.over.wait(); };
  co_await shielded(until_over(*connection));
  failure.raiseException();
}

Task<void> ClientService::hold(std::shared_ptr<Protocol> protocol, Watched& connection) {
  auto prepared = co_await when_any(prepareConnection(protocol), connection.over.wait());
  if (prepared.first() == 1) {
    throw ConnectionLost(make_error_code(Errc::connection_done), "prepareConnection");
  }
  static_cast<void>(prepared.outcome<0>().value());
  const CancellationToken token = co_await current_cancellation();
  if (token.requested()) throw Cancelled();  // Prepared all the same, for a service that stops.
  connected(protocol);
  co_await connection.over.wait();
}

void ClientService::connected(const std::shared_ptr<Protocol>& protocol) {
  failed_attempts_ = 0;
  protocol_ = protocol;
  for (Waiter& waiter : std::exchange(waiters_, {})) waiter.deferred.callback(protocol);
}

void ClientService::attempt_failed(const Failure& why) {
  std::vector<Waiter> tired;
  std::vector<Waiter> patient;
  for (Waiter& waiter : waiters_) {
    const bool last = waiter.failures_left && *waiter.failures_left <= 1;
    if (waiter.failures_left && !last) --*waiter.failures_left;
    (last ? tired : patient).push_back(std::move(waiter));
  }
  waiters_ = std::move(patient);
  for (Waiter& waiter : tired) waiter.deferred.errback(why);
}

void ClientService::give_up_waiters() {
  for (Waiter& waiter : std::exchange(waiters_, {})) {
    waiter.deferred.errback(Failure(CancelledError()));
  }
}

Deferred<std::shared_ptr<Protocol>> ClientService::whenConnected(
    std::optional<unsigned> fail_after_failures) {
  if (protocol_ != nullptr) return succeed(protocol_);
  if (stopped_) return fail<std::shared_ptr<Protocol>>(Failure(CancelledError()));
  waiters_.emplace_back(fail_after_failures);
  return waiters_.back().deferred;
}

Task<void> ClientService::prepareConnection(std::shared_ptr<Protocol>) { co_return; }

}  // namespace coil
