// A connection that exists in a test only.
#include <coil/testing/string_transport.h>

#include <coil/net/tcp.h>
#include <coil/runtime/error.h>

#include <stdexcept>
#include <utility>

namespace coil::testing {

void StringTransport::write(ConstBytes data) {
  if (accepts_writes()) written_ += as_text(data);
}

void StringTransport::writeSequence(std::span<const ConstBytes> pieces) {
  for (const ConstBytes& piece : pieces) write(piece);
}

void StringTransport::abortConnection() {
  aborting_ = true;
  disconnecting_ = true;
}

void StringTransport::registerProducer(Producer& producer, bool streaming) {
  if (!accepts_writes()) {
    producer.stopProducing();
    return;
  }
  producer_.set(*this, producer, streaming);
  if (!streaming) producer_.resume();
}

void StringTransport::unregisterProducer() {
  if (!producer_.registered()) {
    throw std::logic_error("unregisterProducer: no producer is registered");
  }
  producer_.clear();
}

void StringTransport::change_reading(Reading to) {
  if (disconnecting()) throw std::logic_error("the transport is paused or resumed after its end");
  if (reading_ == Reading::stopped) {
    throw std::logic_error("the transport is paused or resumed after stopProducing");
  }
  reading_ = to;
}

std::vector<Pause> StringTransport::pauses() const {
  std::vector<Pause> all;
  if (reading_ == Reading::paused) {
    all.push_back(Pause(Pause::Who::reading, Pause::By::call, TimePoint()));
  }
  if (producer_.paused()) {
    all.push_back(Pause(Pause::Who::producer, Pause::By::output, TimePoint()));
  }
  return all;
}

Task<void> StringTransport::drain() {
  if (disconnecting()) throw_error(make_error_code(Errc::connection_done), "drain");
  co_return;
}

Deferred<TcpStream> StringTransport::detach(ConstBytes unread) {
  if (ends()) throw std::logic_error("detach: the connection ends");
  if (producer_.registered()) throw std::logic_error("detach: a producer is registered");
  detached_ = to_string(unread);
  return succeed(TcpStream());
}

void StringTransportWithDisconnection::loseConnection() {
  lose(Failure(ConnectionDone(make_error_code(Errc::connection_done))));
}

void StringTransportWithDisconnection::abortConnection() {
  lose(Failure(ConnectionAborted(make_error_code(Errc::connection_aborted))));
}

void StringTransportWithDisconnection::lose(const Failure& reason) {
  if (disconnecting()) return;
  const bool aborted = reason.check<ConnectionAborted>();
  if (aborted) {
    StringTransport::abortConnection();
  } else {
    StringTransport::loseConnection();
  }
  producer().stop();
  protocol_.connectionLost(reason);
}

}  // namespace coil::testing
