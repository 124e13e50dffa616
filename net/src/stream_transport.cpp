// A Protocol's connection: reading, gathered writing, half closes, ends and their order.
#include "stream_transport.h"

#include <coil/runtime/detail/root_task.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace coil {

// What comes next, with its outcome as a number: this is awaited for every message.
class StreamTransport::Incoming {
 public:
  explicit Incoming(const detail::Duplex& from) noexcept : op_(from.reactor(), from.input()) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return op_.begin(waiter.promise().context(), waiter);
  }
  std::int64_t await_resume() const noexcept { return op_.outcome(); }
  ConstBytes bytes() const noexcept { return op_.lease.bytes(); }
  // Of what it was received from.
  HandleSlot& slot() const noexcept { return op_.slot(); }
  // Somebody else is going to read.
  void withdraw() noexcept { op_.reactor().cancel(op_); }

 private:
  ReceiveLeaseOperation op_;
};

Address peer_of(const TcpStream& stream, const Address& otherwise) {
  try {
    return stream.peer_address();
  } catch (const SystemError&) {
    return otherwise;
  }
}

StreamTransport::StreamTransport(TcpStream stream, const Address& peer,
                                 std::shared_ptr<Protocol> protocol,
                                 std::shared_ptr<ConnectionOwner> owner)
    : stream_(std::move(stream)),
      protocol_(std::move(protocol)),
      owner_(std::move(owner)),
      peer_(peer) {}

StreamTransport::StreamTransport(PipeReader reader, PipeWriter writer,
                                 std::shared_ptr<Protocol> protocol,
                                 std::shared_ptr<ConnectionOwner> owner)
    : stream_(std::move(reader), std::move(writer)),
      protocol_(std::move(protocol)),
      owner_(std::move(owner)) {}

void StreamTransport::start() {
  detail::start_root<"protocol">(stream_.reactor(), run_reader(shared_from_this()));
}

// The strands hold the transport: it lives until the last of them has ended.
Task<void> StreamTransport::run_reader(std::shared_ptr<StreamTransport> self) {
  static_cast<void>(self);
  bool cancelled = false;
  try {
    call("connectionMade", [&] { protocol_->makeConnection(*this); });
    while (goes_on()) {
      if (!may_read()) {
        co_await until_it_may_read();
        if (flow_->end_of_input && goes_on()) {
          take_end(*std::exchange(flow_->end_of_input, std::nullopt));
        }
        continue;
      }
      Incoming incoming(stream_);
      incoming_ = &incoming;
      const std::int64_t outcome = co_await incoming;
      incoming_ = nullptr;
      if (outcome == outcome::cancelled && !detached_) throw Cancelled();
      if (!reason_) take(outcome, incoming);
    }
  } catch (const Cancelled&) {
    cancelled = true;
    end_at_stop();
  }
  leave();
  if (cancelled) throw Cancelled();
}

void StreamTransport::take(std::int64_t outcome, const Incoming& incoming) {
  if (detached_ || is_held()) [[unlikely]] {
    keep(outcome, incoming.bytes());
  } else if (outcome <= 0) {
    take_end(outcome);
  } else if (!disconnecting_) {
    const ConstBytes bytes = incoming.bytes();
    HandleSlot* const socket = stream_.is_socket() ? &incoming.slot() : nullptr;
    call("dataReceived", [&] { protocol_->dataReceived(bytes); }, socket);
  }
}

void StreamTransport::take_end(std::int64_t outcome) {
  if (outcome < 0) {
    end(Error(outcome::code_of(outcome), "receive").failure());
  } else if (!disconnecting_) {
    peer_ended();
  }
}

// What came waits for the protocol to resume, or is the new owner's.
void StreamTransport::keep(std::int64_t outcome, ConstBytes bytes) {
  if (outcome > 0) {
    stream_.unread(bytes);
  } else if (!detached_) {
    flow().end_of_input = outcome;
  } else if (outcome < 0 && outcome != outcome::cancelled) {
    end(Error(outcome::code_of(outcome), "receive").failure());
  }
}

// Whoever lets the reader go on calls wake_reader. The wait has a frame of its own so that a
// connection that never pauses has no room for it.
Task<void> StreamTransport::until_it_may_read() {
  while (goes_on() && !may_read()) {
    flow().may_go_on.clear();
    co_await flow_->may_go_on.wait();
  }
}

void StreamTransport::wake_reader() noexcept {
  if (flow_ != nullptr) flow_->may_go_on.set();
}

bool StreamTransport::may_read() const noexcept {
  return !(paused_ | held_back_ | disconnecting_ | peer_ended_);  // One test for every message.
}

void StreamTransport::peer_ended() {
  peer_ended_ = true;
  if (HalfCloseableProtocol* const half = half_closeable()) {
    call("readConnectionLost", [&] { half->readConnectionLost(); });
    return;
  }
  // Without half close the peer's end is the end; what was queued before still goes out, and what a
  // producer is asked for. One that streams might never end by itself.
  if (produces() && flow_->producer.streaming()) tell_producer(&ProducerSlot::stop);
  loseConnection();
}

void StreamTransport::write_side_ended() {
  if (!stream_.is_socket() && owner_ != nullptr) owner_->output_ended();
  if (HalfCloseableProtocol* const half = half_closeable()) {
    call("writeConnectionLost", [&] { half->writeConnectionLost(); });
  }
}

template <class Call>
void StreamTransport::call(const char* where, Call function, HandleSlot* socket) noexcept {
  try {
    corked_ = true;
    function();
    flush(socket);
  } catch (...) {
    stream_.reactor().log_current(where);
    reason_ =
        Failure();  // What was thrown is the reason, also after an abort in the same callback.
    end(Failure::current());
  }
  outgoing().drop();
  corked_ = false;
}

void StreamTransport::pauseProducing() {
  if (std::exchange(paused_, true)) return;
  flow().paused_since = stream_.reactor().now();
}

void StreamTransport::resumeProducing() {
  if (reason_ || disconnecting_) return;
  paused_ = false;
  wake_reader();
}

void StreamTransport::abortConnection() {
  abort(Failure(ConnectionAborted(make_error_code(Errc::connection_aborted))));
}

void StreamTransport::abort(Failure reason) noexcept {
  if (reason_) return;
  reason_ = std::move(reason);
  output_.drop_queued();
  keep_host();
  stream_.abort();
  wake_all();
}

// Closing the stream ends the pending await of the other strand.
void StreamTransport::end(Failure reason) noexcept {
  if (reason_) return;
  reason_ = std::move(reason);
  keep_host();
  stream_.close();
  wake_all();
}

void StreamTransport::end_at_stop() noexcept {
  end(Failure(ConnectionLost(make_error_code(Errc::reactor_stopped), "connection")));
}

Address StreamTransport::getHost() const {
  return stream_.is_open() || flow_ == nullptr ? stream_.local_address() : flow_->host;
}

// What connectionLost may still ask for.
void StreamTransport::keep_host() noexcept {
  try {
    if (stream_.is_open()) flow().host = stream_.local_address();
  } catch (...) {
    stream_.reactor().log_current("getHost");
  }
}

void StreamTransport::wake_all() noexcept {
  if (flow_ == nullptr) return;
  flow_->may_go_on.set();
  flow_->drained.set();
}

Deferred<TcpStream> StreamTransport::detach(ConstBytes unread) {
  if (!stream_.is_socket()) throw std::logic_error("detach: two pipes are no socket");
  const bool broken = flow_ != nullptr && flow_->end_of_input.value_or(0) < 0;
  if (broken || !accepts_writes()) throw std::logic_error("detach: the connection ends");
  if (produces()) throw std::logic_error("detach: a producer is registered");
  flow().new_owner.emplace();
  if (!unread.empty()) stream_.unread(unread);
  detached_ = true;
  if (incoming_ != nullptr) incoming_->withdraw();
  wake_reader();
  return *flow_->new_owner;
}

// The reading strand ends.
void StreamTransport::leave() noexcept {
  reader_runs_ = false;
  if (detached_) {
    protocol_->forget_transport();
    protocol_.reset();
    settle_output();
    if (!writer_runs_) hand_over();
  } else {
    report_loss();
  }
}

// Both strands have ended: the stream is the new owner's.
void StreamTransport::hand_over() noexcept {
  Deferred<TcpStream> new_owner = *std::exchange(flow_->new_owner, std::nullopt);
  report_end(Failure());
  if (reason_) {
    new_owner.errback(reason_);
  } else {
    new_owner.callback(stream_.take_socket());
  }
}

void StreamTransport::report_loss() noexcept {
  const std::shared_ptr<Protocol> protocol = std::move(protocol_);
  const Failure reason = reason_;
  if (flow_ != nullptr) tell_producer(&ProducerSlot::stop);
  leave_consumer();
  try {
    protocol->connectionLost(reason);
  } catch (...) {
    stream_.reactor().log_current("connectionLost");
  }
  protocol->forget_transport();
  report_end(reason);
}

void StreamTransport::report_end(const Failure& reason) noexcept {
  const std::shared_ptr<ConnectionOwner> owner = std::move(owner_);
  if (owner == nullptr) return;
  try {
    owner->connection_ended(reason);
  } catch (...) {
    stream_.reactor().log_current("the end of a connection");
  }
}

bool StreamTransport::getTcpNoDelay() const { return stream_.get<NoDelay>().on(); }
void StreamTransport::setTcpNoDelay(bool enabled) { stream_.set(NoDelay(enabled)); }
bool StreamTransport::getTcpKeepAlive() const { return stream_.get<KeepAlive>().on(); }
void StreamTransport::setTcpKeepAlive(bool enabled) { stream_.set(KeepAlive(enabled)); }

}  // namespace coil
