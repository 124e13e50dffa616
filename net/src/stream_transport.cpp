// A Protocol's connection: reading, gathered writing, half closes, ends and their order.
#include "stream_transport.h"

#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace coil {

namespace {

// For what a callback writes, which has nearly always gone when the callback returns.
thread_local std::vector<std::byte> spare_memory;

// What comes next, with its outcome as a number: this is awaited for every message.
class Incoming {
 public:
  explicit Incoming(const TcpStream& stream) noexcept : op_(stream.reactor(), stream.id()) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return op_.begin(waiter.promise().context(), waiter);
  }
  std::int64_t await_resume() const {
    if (op_.outcome() == outcome::cancelled) throw Cancelled();
    return op_.outcome();
  }
  ConstBytes bytes() const noexcept { return op_.lease.bytes(); }

 private:
  ReceiveLeaseOperation op_;
};

}  // namespace

StreamTransport::StreamTransport(TcpStream stream, std::shared_ptr<Protocol> protocol, Ended ended)
    : stream_(std::move(stream)),
      protocol_(std::move(protocol)),
      half_closeable_(dynamic_cast<HalfCloseableProtocol*>(protocol_.get())),
      ended_(std::move(ended)) {}

void StreamTransport::start() {
  detail::start_root(stream_.reactor(), run_reader(shared_from_this()), "protocol");
}

// The strands hold the transport: it lives until the last of them has ended.
Task<void> StreamTransport::run_reader(std::shared_ptr<StreamTransport> self) {
  static_cast<void>(self);
  bool cancelled = false;
  try {
    if (begin()) {
      while (!reason_) {
        if (!may_read()) {
          may_go_on_.clear();
          co_await may_go_on_.wait();
          continue;
        }
        Incoming incoming(stream_);
        const std::int64_t outcome = co_await incoming;
        // What arrived while the protocol paused waits for it to resume.
        while (!reason_ && (paused_ || held_back_) && !disconnecting_) {
          may_go_on_.clear();
          co_await may_go_on_.wait();
        }
        if (!reason_) take(outcome, incoming.bytes());
      }
    }
  } catch (const Cancelled&) {
    cancelled = true;
    end(Failure(ConnectionLost(make_error_code(Errc::reactor_stopped), "connection")));
  }
  report_loss();
  if (cancelled) throw Cancelled();
}

// False if there is no connection any more.
bool StreamTransport::begin() {
  try {
    peer_ = stream_.peer_address();
    host_ = stream_.local_address();
  } catch (const SystemError&) {
    end(Failure::current());  // The peer was gone before we looked.
    protocol_.reset();
    return false;
  }
  call("connectionMade", [&] { protocol_->makeConnection(*this); });
  return true;
}

void StreamTransport::take(std::int64_t outcome, ConstBytes bytes) {
  if (outcome < 0) {
    end(Error(outcome::code_of(outcome), "receive").failure());
  } else if (disconnecting_) {
    return;
  } else if (outcome == 0) {
    peer_ended();
  } else {
    call("dataReceived", [&] { protocol_->dataReceived(bytes); });
  }
}

bool StreamTransport::may_read() const noexcept {
  return !paused_ && !held_back_ && !disconnecting_ && !peer_ended_;
}

void StreamTransport::peer_ended() {
  peer_ended_ = true;
  if (half_closeable_ != nullptr) {
    call("readConnectionLost", [&] { half_closeable_->readConnectionLost(); });
    return;
  }
  // Without half close the peer's end is the end; what was queued before still goes out.
  loseConnection();
}

template <class Call>
bool StreamTransport::call(const char* where, Call function) noexcept {
  try {
    corked_ = true;
    output_.borrow(spare_memory);
    function();
    flush();
  } catch (...) {
    stream_.reactor().log_current(where);
    reason_.reset();  // What was thrown is the reason, also after an abort in the same callback.
    end(Failure::current());
  }
  output_.give_back(spare_memory);
  corked_ = false;
  return !reason_;
}

bool StreamTransport::accepts_writes() const noexcept {
  return !reason_ && !disconnecting_ && write_side_ == WriteSide::open;
}

void StreamTransport::write(ConstBytes data) {
  if (!accepts_writes()) return;
  if (data.size() > copied_bytes_max && !writer_runs_) data = data.skip(send_now(data));
  if (data.empty()) return;
  output_.append(data);
  if (output_.size() > high_water_bytes) held_back_ = true;
  if (!corked_) start_writer();
}

// Sends what is pending and then `more`, as far as the kernel takes it at once, and gives how much
// of `more` it took.
std::size_t StreamTransport::send_now(ConstBytes more) {
  const std::array<ConstBytes, 2> both = {output_.first(), more};
  const std::size_t pending = both[0].size();
  const std::size_t sent = try_pieces(std::span(both).subspan(pending == 0 ? 1 : 0));
  if (reason_) return more.size();
  const std::size_t from_pending = std::min(sent, pending);
  if (from_pending != 0) took(from_pending);
  return sent - from_pending;
}

// An error ends the connection; the reading strand tells the protocol.
std::size_t StreamTransport::try_pieces(std::span<const ConstBytes> pieces) {
  Reactor& reactor = stream_.reactor();
  const HandleSlot* slot = reactor.handles().find(stream_.id());
  if (slot == nullptr) return 0;
  const std::int64_t sent = reactor.sockets().send_now(slot->native(), pieces).value_or(0);
  if (sent >= 0) [[likely]]
    return static_cast<std::size_t>(sent);
  output_.clear();
  end(Error(outcome::code_of(sent), "send").failure());
  return 0;
}

// The kernel took so much of what is pending.
void StreamTransport::took(std::size_t size) {
  output_.sent(size);
  if (!held_back_ || output_.size() > low_water_bytes) return;
  held_back_ = false;
  may_go_on_.set();
}

void StreamTransport::flush() {
  if (output_.empty() || writer_runs_ || reason_) return;
  const ConstBytes pending = output_.first();
  if (const std::size_t sent = try_pieces(std::span(&pending, 1))) took(sent);
  if (!output_.empty()) start_writer();
}

void StreamTransport::writeSequence(std::span<const ConstBytes> pieces) {
  for (const ConstBytes& piece : pieces) write(piece);
}

void StreamTransport::start_writer() {
  if (std::exchange(writer_runs_, true)) return;
  detail::start_root(stream_.reactor(), run_writer(shared_from_this()), "protocol writer");
}

Task<void> StreamTransport::run_writer(std::shared_ptr<StreamTransport> self) {
  static_cast<void>(self);
  try {
    co_await write_loop();
  } catch (const Cancelled&) {
    writer_runs_ = false;
    throw;
  }
  writer_runs_ = false;
  if (reason_) output_.clear();
}

Task<void> StreamTransport::write_loop() {
  while (!reason_) {
    while (!output_.empty() && !reason_) {
      Result<std::size_t> sent = co_await as_result(stream_.write_some(output_.next()));
      if (reason_) co_return;
      if (!sent) {
        end(sent.error().failure());
        co_return;
      }
      took(*sent);
    }
    if (reason_) co_return;
    output_.clear();
    if (disconnecting_) {
      end(Failure(ConnectionDone(make_error_code(Errc::connection_done))));
      co_return;
    }
    if (write_side_ != WriteSide::closing) co_return;
    write_side_ = WriteSide::closed;
    // A peer that has gone already needs no end: the reader notices it.
    [[maybe_unused]] const Result<> ended = co_await as_result(stream_.shutdown_write());
    if (reason_) co_return;
    if (half_closeable_ != nullptr) {
      call("writeConnectionLost", [&] { half_closeable_->writeConnectionLost(); });
    }
  }
}

void StreamTransport::loseConnection() {
  if (reason_ || std::exchange(disconnecting_, true)) return;
  may_go_on_.set();
  start_writer();  // Even with nothing to send: the end never comes inline.
}

void StreamTransport::loseWriteConnection() {
  if (!accepts_writes()) return;
  write_side_ = WriteSide::closing;
  start_writer();
}

void StreamTransport::abortConnection() {
  if (reason_) return;
  reason_ = Failure(ConnectionAborted(make_error_code(Errc::connection_aborted)));
  output_.drop_queued();
  stream_.abort();
  may_go_on_.set();
}

void StreamTransport::pauseProducing() { paused_ = true; }

void StreamTransport::resumeProducing() {
  if (reason_ || disconnecting_) return;
  paused_ = false;
  may_go_on_.set();
}

// Closing the stream ends the pending await of the other strand.
void StreamTransport::end(Failure reason) noexcept {
  if (reason_) return;
  reason_ = std::move(reason);
  stream_.close();
  may_go_on_.set();
}

void StreamTransport::report_loss() noexcept {
  const std::shared_ptr<Protocol> protocol = std::move(protocol_);
  const Failure reason = reason_.value_or(Failure());
  if (protocol != nullptr) {
    try {
      protocol->connectionLost(reason);
    } catch (...) {
      stream_.reactor().log_current("connectionLost");
    }
    protocol->transport_ = nullptr;
  }
  half_closeable_ = nullptr;
  if (!ended_) return;
  try {
    std::move(ended_)(reason);
  } catch (...) {
    stream_.reactor().log_current("the end of a connection");
  }
}

bool StreamTransport::getTcpNoDelay() const { return stream_.get<NoDelay>().on(); }
void StreamTransport::setTcpNoDelay(bool enabled) { stream_.set(NoDelay(enabled)); }
bool StreamTransport::getTcpKeepAlive() const { return stream_.get<KeepAlive>().on(); }
void StreamTransport::setTcpKeepAlive(bool enabled) { stream_.set(KeepAlive(enabled)); }

}  // namespace coil
