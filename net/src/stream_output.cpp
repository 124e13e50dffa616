// What a Protocol's connection sends: gathered writes, water marks, producers, half closes.
#include "stream_transport.h"

#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>

#include <algorithm>
#include <array>
#include <utility>

namespace coil {

namespace {

const WaterMarks usual_marks;

}  // namespace

inline const WaterMarks& StreamTransport::marks() const noexcept {
  return flow_ == nullptr ? usual_marks : flow_->marks;
}

// Nearly all writes are a callback's, with nothing pending.
void StreamTransport::write(ConstBytes data) {
  if (data.empty()) return;
  if (flow_ == nullptr && accepts_writes() && is_first_in_line()) [[likely]] {
    if (data.size() > copied_bytes_max) {
      data = data.skip(send_now(data));
      if (!data.empty()) enqueue(data);
      return;
    }
    if (outgoing().append(data)) return;
  }
  write_unusual(data);
}

void StreamTransport::write_unusual(ConstBytes data) {
  if (!accepts_writes()) return;
  const WaterMarks& limits = marks();
  if (buffered_bytes() > limits.cap_bytes) {
    abort(Failure(BufferLimit(make_error_code(Errc::buffer_limit), "write")));
    return;
  }
  if (produces() && !flow_->producer.streaming()) ask_producer_ = true;
  if (data.size() > copied_bytes_max && !writer_runs_) data = data.skip(send_now(data));
  if (!data.empty() && !reason_ && !gather(data)) enqueue(data);
  if (buffered_bytes() > limits.high_bytes) hold_back();
  if (!corked_ && !reason_ && writer_is_due()) start_writer();
}

// Leaves data to the writing strand, behind what the callback wrote before.
void StreamTransport::enqueue(ConstBytes data) {
  keep_message();
  output_.append(data);
  if (buffered_bytes() > marks().high_bytes) hold_back();
}

// Puts data behind what the callback wrote before; false if it has to wait in the buffer.
bool StreamTransport::gather(ConstBytes data) {
  if (!is_first_in_line() || data.size() > copied_bytes_max) return false;
  if (outgoing().append(data)) return true;
  send_message();
  stream_.reactor().submit_queued();
  return !reason_ && is_first_in_line() && outgoing().append(data);
}

void StreamTransport::writeSequence(std::span<const ConstBytes> pieces) {
  for (const ConstBytes& piece : pieces) write(piece);
}

// What the reactor has in its batch has been sent by then, or has come back, and then the writing
// strand goes on with it.
void StreamTransport::settle_output() {
  const HandleSlot* const slot = stream_.output_slot();
  if (slot != nullptr && slot->in_batch) stream_.reactor().submit_queued();
}

// The handle for what is sent directly, if that may be: what is read elsewhere is written by the
// strand, because an error of it may be less than the end.
HandleSlot* StreamTransport::settled_socket() {
  if (!stream_.is_socket()) return nullptr;
  HandleSlot* const slot = stream_.output_slot();
  if (slot == nullptr || !slot->in_batch) [[likely]]
    return slot;
  stream_.reactor().submit_queued();
  return writer_runs_ || reason_ ? nullptr : slot;
}

// Sends what the callback wrote and then `more`, as far as the kernel takes it at once, and gives
// how much of `more` it took.
std::size_t StreamTransport::send_now(ConstBytes more) {
  const HandleSlot* const slot = settled_socket();
  if (slot == nullptr || !output_.empty()) return 0;
  const std::array<ConstBytes, 2> both = {message(), more};
  const std::size_t pending = both[0].size();
  const auto pieces = std::span(both).subspan(pending == 0 ? 1 : 0);
  const std::int64_t outcome =
      stream_.reactor().sockets().send_now(slot->native(), pieces).value_or(0);
  if (outcome < 0) {
    output_failed(outcome);
    return more.size();
  }
  if (pending != 0) outgoing().drop();
  const auto sent = static_cast<std::size_t>(outcome);
  if (sent < pending) keep_rest(both[0].skip(sent));
  return reason_ ? more.size() : sent - std::min(sent, pending);
}

void StreamTransport::send_message() {
  HandleSlot* const slot = writer_runs_ ? nullptr : settled_socket();
  if (slot == nullptr) {
    keep_message();
  } else if (const ConstBytes all = message(); !all.empty()) {
    send_message(*slot, all);
  }
}

inline void StreamTransport::send_message(HandleSlot& slot, ConstBytes all) {
  const std::int64_t outcome = stream_.reactor().send_outgoing(slot, *this);
  if (outcome < 0) [[unlikely]] {
    output_failed(outcome);
  } else if (static_cast<std::size_t>(outcome) < all.size()) [[unlikely]] {
    keep_rest(all.skip(static_cast<std::size_t>(outcome)));
  }
}

// Without memory for what follows bytes that have gone, the connection cannot go on.
void StreamTransport::keep_rest(ConstBytes rest) noexcept {
  try {
    output_.append(rest);
  } catch (...) {
    end(Failure::current());
  }
}

// Leaves what the callback wrote to the writing strand.
void StreamTransport::keep_message() {
  if (const ConstBytes all = message(); !all.empty()) {
    output_.append(all);
    outgoing().drop();
  }
}

// Comes before anything that was written since.
void StreamTransport::not_sent(std::int64_t outcome, ConstBytes rest) noexcept {
  if (reason_) return;
  try {
    if (outcome < 0) {
      output_failed(outcome);
    } else {
      output_.prepend(rest);
      start_writer();
    }
  } catch (...) {
    end(Failure::current());
  }
}

// An error ends the connection; the reading strand tells the protocol.
void StreamTransport::output_failed(std::int64_t outcome) {
  output_.clear();
  end(Error(outcome::code_of(outcome), "send").failure());
}

// The callback returns: what it wrote goes out, which needs no look at the socket if that has just
// received and was not closed since.
void StreamTransport::flush(HandleSlot* socket) {
  if (reason_) return;
  if (const ConstBytes all = outgoing().message(); !all.empty()) {
    if (socket != nullptr && !socket->in_batch && !writer_runs_) [[likely]] {
      send_message(*socket, all);
    } else {
      send_message();
    }
  }
  if (writer_is_due() && !reason_) start_writer();
}

void StreamTransport::start_writer() {
  if (std::exchange(writer_runs_, true)) return;
  detail::start_root<"protocol writer">(stream_.reactor(), run_writer(shared_from_this()));
}

Task<void> StreamTransport::run_writer(std::shared_ptr<StreamTransport> self) {
  static_cast<void>(self);
  bool cancelled = false;
  try {
    co_await write_loop();
  } catch (const Cancelled&) {
    cancelled = true;
    end_at_stop();  // Nobody is to take over a connection whose output was cut short.
  }
  writer_runs_ = false;
  if (reason_) output_.clear();
  if (detached_ && !reader_runs_) hand_over();
  if (cancelled) throw Cancelled();
}

Task<void> StreamTransport::write_loop() {
  settle_output();
  while (!reason_) {
    if (!output_.empty()) {
      Result<std::size_t> sent = co_await as_result(stream_.write_some(output_.next()));
      if (reason_) co_return;
      if (!sent) {
        write_failed(sent.error());
        co_return;
      }
      output_.sent(*sent);
    }
    if (held_back_ && output_.size() <= marks().low_bytes) let_go_on();
    if (!output_.empty()) continue;
    if (std::exchange(ask_producer_, false)) {
      tell_producer(&ProducerSlot::resume);
      continue;
    }
    output_.clear();
    if (produces() || detached_) co_return;
    if (disconnecting_) {
      end(Failure(ConnectionDone(make_error_code(Errc::connection_done))));
      co_return;
    }
    if (write_side_ != WriteSide::closing) co_return;
    write_side_ = WriteSide::closed;
    // A peer that has gone already needs no end: the reader notices it.
    [[maybe_unused]] const Result<> ended = co_await as_result(stream_.shutdown_write());
    if (reason_) co_return;
    if (!stream_.is_socket()) stream_.close_output();
    write_side_ended();
  }
}

// Whoever reads one pipe may go while the other one is written: half an end.
void StreamTransport::write_failed(const Error& error) {
  if (stream_.is_socket() || disconnecting_ || peer_ended_ || half_closeable() == nullptr) {
    end(error.failure());
    return;
  }
  output_.clear();
  stream_.close_output();
  write_side_ = WriteSide::closed;
  if (flow_ != nullptr) tell_producer(&ProducerSlot::stop);
  if (held_back_) let_go_on();
  write_side_ended();
}

void StreamTransport::loseConnection() {
  if (reason_ || detached_ || std::exchange(disconnecting_, true)) return;
  wake_reader();
  start_writer();  // Even with nothing to send: the end never comes inline.
}

void StreamTransport::loseWriteConnection() {
  if (disconnecting_ || !accepts_writes()) return;
  write_side_ = WriteSide::closing;
  start_writer();
}

void StreamTransport::registerProducer(Producer& producer, bool streaming) {
  if (!accepts_writes()) {
    producer.stopProducing();
    return;
  }
  flow().producer.set(*this, producer, streaming);
  if (!streaming) {
    tell_producer(&ProducerSlot::resume);
  } else if (held_back_) {
    tell_producer(&ProducerSlot::pause);
  }
}

void StreamTransport::unregisterProducer() {
  if (!produces()) return;
  flow_->producer.clear();
  ask_producer_ = false;
  if (!reason_ && (disconnecting_ || write_side_ == WriteSide::closing)) start_writer();
}

// An exception ends the connection, wherever the producer was called from.
void StreamTransport::tell_producer(void (ProducerSlot::*what)()) noexcept {
  try {
    (flow_->producer.*what)();
  } catch (...) {
    stream_.reactor().log_current("producer");
    end(Failure::current());
  }
}

StreamTransport::Flow& StreamTransport::flow() {
  if (flow_ == nullptr) flow_ = std::make_unique<Flow>();
  return *flow_;
}

void StreamTransport::set_water_marks(const WaterMarks& marks) {
  flow().marks = marks;
  if (buffered_bytes() > marks.high_bytes) hold_back();
  if (held_back_) start_writer();
}

void StreamTransport::hold_back() {
  if (reason_ || std::exchange(held_back_, true)) return;
  flow().held_back_since = stream_.reactor().now();
  flow_->drained.clear();
  tell_producer(&ProducerSlot::pause);
}

void StreamTransport::let_go_on() {
  held_back_ = false;
  wake_all();
  if (produces() && flow_->producer.streaming()) tell_producer(&ProducerSlot::resume);
}

Task<void> StreamTransport::drain(std::shared_ptr<StreamTransport> self) {
  static_cast<void>(self);
  while (held_back_ && !reason_) co_await flow().drained.wait();
  if (reason_) reason_.raiseException();
}

std::vector<Pause> StreamTransport::pauses() const {
  std::vector<Pause> all;
  if (paused_) all.emplace_back(Pause::Who::reading, Pause::By::call, flow_->paused_since);
  if (!held_back_) return all;
  all.emplace_back(Pause::Who::reading, Pause::By::output, flow_->held_back_since);
  if (flow_->producer.paused()) {
    all.emplace_back(Pause::Who::producer, Pause::By::output, flow_->held_back_since);
  }
  return all;
}

}  // namespace coil
