// The waits of a client that comes back.
#include <coil/net/reconnecting_client_factory.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace coil {

ReconnectingClientFactory::ReconnectingClientFactory(ReconnectOptions options)
    : options_(std::move(options)) {}

void ReconnectingClientFactory::startedConnecting(Connector& connector) {
  connector_ = connector.weak_from_this();
}

void ReconnectingClientFactory::clientConnectionFailed(Connector& connector, const Failure&) {
  come_back(connector);
}

void ReconnectingClientFactory::clientConnectionLost(Connector& connector, const Failure&) {
  come_back(connector);
}

void ReconnectingClientFactory::come_back(Connector& connector) {
  connector_ = connector.weak_from_this();
  if (trying_) retry();
}

void ReconnectingClientFactory::retry() {
  const std::shared_ptr<Connector> connector = connector_.lock();
  if (connector == nullptr) throw std::logic_error("retry: there is no connector to retry");
  if (!trying_) return;
  ++retries_;
  if (options_.max_retries && retries_ > *options_.max_retries) {
    connector->reactor().log(LogRecord(
        LogLevel::warning, "gave up connecting to " + connector->getDestination().to_string() +
                               " after " + std::to_string(*options_.max_retries) + " retries"));
    return;
  }
  ReactorTime& time = options_.time != nullptr ? *options_.time : connector->reactor();
  delay_ = next_delay(time);
  if (waiting_.active()) waiting_.cancel();
  // The wait keeps the connector, which keeps this factory.
  waiting_ = time.callLater(delay_, [connector] {
    if (connector->state() == Connector::State::disconnected) connector->connect();
  });
}

Duration ReconnectingClientFactory::next_delay(ReactorTime& time) {
  const auto longest = static_cast<double>(options_.max_delay.count());
  const auto first = static_cast<double>(options_.initial_delay.count());
  backoff_ = std::min(backoff_ == 0 ? first : backoff_ * options_.factor, longest);
  double wait = backoff_;
  if (options_.jitter != 0) {
    if (!options_.random) {
      // Peers that lose the same server began at different moments.
      if (!numbers_) numbers_.emplace(static_cast<unsigned>(time.now().time_since_epoch().count()));
      wait += backoff_ * options_.jitter * std::normal_distribution<double>()(*numbers_);
    } else {
      wait += backoff_ * options_.jitter * options_.random();
    }
  }
  return Duration(static_cast<Duration::rep>(std::max(wait, 0.0)));
}

void ReconnectingClientFactory::stopTrying() {
  trying_ = false;
  if (waiting_.active()) waiting_.cancel();
  const std::shared_ptr<Connector> connector = connector_.lock();
  if (connector == nullptr || connector->state() != Connector::State::connecting) return;
  connector->disconnect();
}

void ReconnectingClientFactory::resetDelay() noexcept {
  backoff_ = 0;
  retries_ = 0;
  trying_ = true;
}

}  // namespace coil
