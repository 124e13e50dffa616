// StreamTransport: the one coroutine per connection that drives a Protocol. Included by ports.cpp.
#pragma once

#include <coil/net/detail/connection_owner.h>
#include <coil/net/pipe.h>
#include <coil/net/producer.h>
#include <coil/net/protocol.h>
#include <coil/net/tcp.h>
#include <coil/net/transport.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/event.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include "duplex.h"
#include "write_buffer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace coil {

// Where the other end of `stream` is; `otherwise` if it has gone already, which its reader notices.
Address peer_of(const TcpStream& stream, const Address& otherwise);

// The reading strand lives as long as the connection and makes every call of the protocol; a
// writing strand exists only while output is pending. Both use the stream's ordinary operations.
class StreamTransport final : public Transport,
                              public std::enable_shared_from_this<StreamTransport>,
                              private detail::OutgoingSender {
 public:
  StreamTransport(TcpStream stream, const Address& peer, std::shared_ptr<Protocol> protocol,
                  std::shared_ptr<ConnectionOwner> owner);
  StreamTransport(PipeReader reader, PipeWriter writer, std::shared_ptr<Protocol> protocol,
                  std::shared_ptr<ConnectionOwner> owner);

  // Starts the reading strand.
  void start();

  void write(ConstBytes data) override;
  void writeSequence(std::span<const ConstBytes> pieces) override;
  void loseConnection() override;
  void loseWriteConnection() override;
  void abortConnection() override;
  void pauseProducing() override;
  void resumeProducing() override;
  Address getPeer() const override { return peer_; }
  Address getHost() const override;
  bool getTcpNoDelay() const override;
  void setTcpNoDelay(bool enabled) override;
  bool getTcpKeepAlive() const override;
  void setTcpKeepAlive(bool enabled) override;
  void registerProducer(Producer& producer, bool streaming) override;
  void unregisterProducer() override;
  bool disconnecting() const noexcept override { return disconnecting_ || reason_ || detached_; }
  std::size_t buffered_bytes() const noexcept override { return output_.size() + message().size(); }
  void set_water_marks(const WaterMarks& marks) override;
  std::vector<Pause> pauses() const override;
  Task<void> drain() override { return drain(shared_from_this()); }
  Deferred<TcpStream> detach(ConstBytes unread) override;

 private:
  class Incoming;
  // What few connections need: those under load, and those with wishes of their own.
  struct Flow {
    WaterMarks marks;
    ProducerSlot producer;
    Event may_go_on;  // Set when a reader that pauses must look again.
    Event drained;    // Set while output does not hold anybody back.
    TimePoint paused_since;
    TimePoint held_back_since;
    Address host;                                  // Once the connection has ended.
    std::optional<std::int64_t> end_of_input;      // Came while the protocol paused.
    std::optional<Deferred<TcpStream>> new_owner;  // Once the connection was handed over.
  };

  // A smaller write is copied, to go out together with others; a larger one is sent from where it
  // lies if nothing is in its way.
  static constexpr std::size_t copied_bytes_max = 4096;

  enum class WriteSide : unsigned char { open, closing, closed };

  Task<void> write_loop();
  // A strand starts later than its creation: it is given its share of the transport right away.
  Task<void> run_reader(std::shared_ptr<StreamTransport> self);
  Task<void> run_writer(std::shared_ptr<StreamTransport> self);
  Task<void> drain(std::shared_ptr<StreamTransport> self);
  bool goes_on() const noexcept { return !reason_ && !detached_; }
  void take(std::int64_t outcome, const Incoming& incoming);
  void take_end(std::int64_t outcome);
  // Calls the protocol; an exception ends the connection.
  template <class Call>
  void call(const char* where, Call function, HandleSlot* socket = nullptr) noexcept;
  // What a registered producer makes is wanted until it is unregistered.
  bool accepts_writes() const noexcept {
    if (reason_ || detached_) return false;
    if (write_side_ == WriteSide::open && !disconnecting_) return true;
    return write_side_ != WriteSide::closed && produces();
  }
  bool may_read() const noexcept;
  bool is_held() const noexcept { return (paused_ || held_back_) && !disconnecting_; }
  void keep(std::int64_t outcome, ConstBytes bytes);
  void peer_ended();
  void write_side_ended();
  void write_failed(const Error& error);
  Flow& flow();
  const WaterMarks& marks() const noexcept;
  bool produces() const noexcept { return flow_ != nullptr && flow_->producer.registered(); }
  HalfCloseableProtocol* half_closeable() const noexcept {
    return dynamic_cast<HalfCloseableProtocol*>(protocol_.get());
  }
  Task<void> until_it_may_read();
  void tell_producer(void (ProducerSlot::*what)()) noexcept;
  void hold_back();
  void let_go_on();
  // The writing strand sends what is left, and it alone lets others go on: it is no call of theirs.
  bool writer_is_due() const noexcept {
    return !output_.empty() || (flow_ != nullptr && (held_back_ || ask_producer_));
  }
  void start_writer();
  detail::Outgoing& outgoing() const { return stream_.reactor().outgoing(); }
  // What the callback that runs has written.
  ConstBytes message() const { return corked_ ? outgoing().message() : ConstBytes(); }
  // Whether a callback runs, and nothing is before what it writes.
  bool is_first_in_line() const noexcept { return corked_ && !writer_runs_ && output_.empty(); }
  bool gather(ConstBytes data);
  void enqueue(ConstBytes data);
  void keep_message();
  void write_unusual(ConstBytes data);
  void settle_output();
  HandleSlot* settled_socket();
  std::size_t send_now(ConstBytes more);
  void send_message();
  void send_message(HandleSlot& slot, ConstBytes all);
  void not_sent(std::int64_t outcome, ConstBytes rest) noexcept override;
  void keep_rest(ConstBytes rest) noexcept;
  void output_failed(std::int64_t outcome);
  void flush(HandleSlot* socket);
  void end(Failure reason) noexcept;
  void abort(Failure reason) noexcept;
  void end_at_stop() noexcept;
  void wake_reader() noexcept;
  void keep_host() noexcept;
  void wake_all() noexcept;
  void leave() noexcept;
  void hand_over() noexcept;
  void report_loss() noexcept;
  void report_end(const Failure& reason) noexcept;

  detail::Duplex stream_;
  std::shared_ptr<Protocol> protocol_;
  std::shared_ptr<ConnectionOwner> owner_;  // Null where nobody asks.
  Address peer_;
  detail::WriteBuffer output_;
  Failure reason_;  // Why the connection has ended, once it has.
  std::unique_ptr<Flow> flow_;
  Incoming* incoming_ = nullptr;  // While the reading strand waits for the peer.
  WriteSide write_side_ = WriteSide::open;
  bool paused_ = false;     // By the protocol.
  bool held_back_ = false;  // By the amount of pending output.
  bool disconnecting_ = false;
  bool peer_ended_ = false;
  bool writer_runs_ = false;
  bool reader_runs_ = true;
  bool ask_producer_ = false;  // It makes one piece at a time, and the last one goes out now.
  bool detached_ = false;
  bool corked_ = false;  // A callback runs: its small writes go out together when it returns.
};

}  // namespace coil
