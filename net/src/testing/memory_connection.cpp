// Two ends of a connection in memory: what a transport does, without a reactor or a socket.
#include <coil/testing/memory_connection.h>

#include <coil/net/tcp.h>
#include <coil/runtime/event.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace coil::testing {

class MemoryConnection::End final : public Transport, public std::enable_shared_from_this<End> {
 public:
  End(std::shared_ptr<Protocol> protocol, const Address& host, const Address& peer)
      : protocol_(std::move(protocol)),
        half_closeable_(dynamic_cast<HalfCloseableProtocol*>(protocol_.get())),
        host_(host),
        peer_(peer) {}

  // --- For the connection ---

  void start(End& other) {
    other_ = &other;
    call([&] { protocol_->makeConnection(*this); });
  }
  // Until the protocol has heard of the end.
  bool open() const noexcept { return protocol_ != nullptr; }
  bool read(std::size_t bytes_max);
  bool go_on();
  void disconnect() noexcept;

  // --- Transport ---

  void write(ConstBytes data) override;
  void writeSequence(std::span<const ConstBytes> pieces) override {
    for (const ConstBytes& piece : pieces) write(piece);
  }
  void loseConnection() override {
    if (!reason_) disconnecting_ = true;
  }
  void loseWriteConnection() override {
    if (accepts_writes()) write_side_ = WriteSide::closing;
  }
  void abortConnection() override {
    if (reason_) return;
    other_->reset_ = true;
    end(Failure(ConnectionAborted(make_error_code(Errc::connection_aborted))));
  }
  void pauseProducing() override { paused_ = true; }
  void resumeProducing() override { paused_ = false; }
  void registerProducer(Producer& producer, bool streaming) override;
  void unregisterProducer() override;
  bool disconnecting() const noexcept override { return disconnecting_ || reason_; }
  Address getPeer() const override { return peer_; }
  Address getHost() const override { return host_; }
  bool getTcpNoDelay() const override { return no_delay_; }
  void setTcpNoDelay(bool enabled) override { no_delay_ = enabled; }
  bool getTcpKeepAlive() const override { return keep_alive_; }
  void setTcpKeepAlive(bool enabled) override { keep_alive_ = enabled; }
  std::size_t buffered_bytes() const noexcept override { return output_.size(); }
  void set_water_marks(const WaterMarks& marks) override;
  std::vector<Pause> pauses() const override;
  Task<void> drain() override { return drain(shared_from_this()); }
  Deferred<TcpStream> detach(ConstBytes) override {
    throw std::logic_error("detach: a connection in memory has no socket");
  }

 private:
  enum class WriteSide : unsigned char { open, closing, closed };

  template <class Call>
  void call(Call function) noexcept {
    try {
      function();
    } catch (...) {
      reason_.reset();
      end(Failure::current());
    }
  }
  Task<void> drain(std::shared_ptr<End> self);
  bool accepts_writes() const noexcept;
  bool may_read() const noexcept {
    return !reason_ && !paused_ && !held_back_ && !disconnecting_ && !peer_ended_;
  }
  // Sends nothing more.
  bool ended_writing() const noexcept { return reason_ || write_side_ == WriteSide::closed; }
  void hold_back();
  bool let_go_on();
  bool close_what_is_due();
  void hear_peer_end();
  void end(Failure reason) noexcept;
  void report_loss() noexcept;

  std::shared_ptr<Protocol> protocol_;
  HalfCloseableProtocol* half_closeable_;
  End* other_ = nullptr;
  Address host_;
  Address peer_;
  std::string output_;
  WaterMarks marks_;
  ProducerSlot producer_;
  Event drained_;
  std::optional<Failure> reason_;
  WriteSide write_side_ = WriteSide::open;
  bool paused_ = false;
  bool held_back_ = false;
  bool disconnecting_ = false;
  bool peer_ended_ = false;
  bool reset_ = false;  // By the other end.
  bool ask_producer_ = false;
  bool no_delay_ = false;
  bool keep_alive_ = false;
};

bool MemoryConnection::End::accepts_writes() const noexcept {
  if (reason_) return false;
  if (write_side_ == WriteSide::open && !disconnecting_) return true;
  return write_side_ != WriteSide::closed && producer_.registered();
}

void MemoryConnection::End::write(ConstBytes data) {
  if (!accepts_writes() || data.empty()) return;
  if (output_.size() > marks_.cap_bytes) {
    other_->reset_ = true;
    end(Failure(BufferLimit(make_error_code(Errc::buffer_limit), "write")));
    return;
  }
  if (producer_.registered() && !producer_.streaming()) ask_producer_ = true;
  output_ += as_text(data);
  if (output_.size() > marks_.high_bytes) hold_back();
}

void MemoryConnection::End::registerProducer(Producer& producer, bool streaming) {
  if (!accepts_writes()) {
    producer.stopProducing();
    return;
  }
  producer_.set(*this, producer, streaming);
  if (!streaming) {
    call([&] { producer_.resume(); });
  } else if (held_back_) {
    call([&] { producer_.pause(); });
  }
}

void MemoryConnection::End::unregisterProducer() {
  producer_.clear();
  ask_producer_ = false;
}

void MemoryConnection::End::set_water_marks(const WaterMarks& marks) {
  marks_ = marks;
  if (output_.size() > marks_.high_bytes) hold_back();
}

void MemoryConnection::End::hold_back() {
  if (reason_ || std::exchange(held_back_, true)) return;
  drained_.clear();
  call([&] { producer_.pause(); });
}

std::vector<Pause> MemoryConnection::End::pauses() const {
  std::vector<Pause> all;
  if (paused_) all.emplace_back(Pause::Who::reading, Pause::By::call, TimePoint());
  if (held_back_) all.emplace_back(Pause::Who::reading, Pause::By::output, TimePoint());
  if (held_back_ && producer_.paused()) {
    all.emplace_back(Pause::Who::producer, Pause::By::output, TimePoint());
  }
  return all;
}

Task<void> MemoryConnection::End::drain(std::shared_ptr<End> self) {
  static_cast<void>(self);
  while (held_back_ && !reason_) co_await drained_.wait();
  if (reason_) reason_->raiseException();
}

// Reads what the other end has written; one that reads no more swallows everything.
bool MemoryConnection::End::read(std::size_t bytes_max) {
  std::string& input = other_->output_;
  if (reason_ || disconnecting_) input.clear();
  if (!may_read()) return false;
  const std::string piece = input.substr(0, bytes_max);
  if (piece.empty()) return false;
  input.erase(0, piece.size());
  call([&] { protocol_->dataReceived(piece); });
  return true;
}

// Does what became possible with what the other end took, or heard of it; one thing at a time.
bool MemoryConnection::End::go_on() {
  if (!open()) return false;
  if (reset_ && !reason_) {
    end(Failure::from_code(std::make_error_code(std::errc::connection_reset), "receive"));
  }
  if (reason_) {
    report_loss();
    return true;
  }
  if (let_go_on() || close_what_is_due()) return true;
  if (!may_read() || !other_->output_.empty() || !other_->ended_writing()) return false;
  hear_peer_end();
  return true;
}

bool MemoryConnection::End::let_go_on() {
  if (held_back_ && output_.size() <= marks_.low_bytes) {
    held_back_ = false;
    drained_.set();
    if (producer_.streaming()) call([&] { producer_.resume(); });
    return true;
  }
  if (!output_.empty() || !std::exchange(ask_producer_, false)) return false;
  call([&] { producer_.resume(); });
  return true;
}

bool MemoryConnection::End::close_what_is_due() {
  if (!output_.empty() || producer_.registered()) return false;
  if (disconnecting_) {
    end(Failure(ConnectionDone(make_error_code(Errc::connection_done))));
    return true;
  }
  if (write_side_ != WriteSide::closing) return false;
  write_side_ = WriteSide::closed;
  if (half_closeable_ != nullptr) call([&] { half_closeable_->writeConnectionLost(); });
  return true;
}

void MemoryConnection::End::hear_peer_end() {
  peer_ended_ = true;
  if (half_closeable_ != nullptr) {
    call([&] { half_closeable_->readConnectionLost(); });
    return;
  }
  if (producer_.streaming()) call([&] { producer_.stop(); });  // It might never end by itself.
  loseConnection();
}

void MemoryConnection::End::end(Failure reason) noexcept {
  if (reason_) return;
  reason_ = std::move(reason);
  output_.clear();
  drained_.set();
}

void MemoryConnection::End::report_loss() noexcept {
  const std::shared_ptr<Protocol> protocol = std::exchange(protocol_, nullptr);
  half_closeable_ = nullptr;
  call([&] { producer_.stop(); });
  leave_consumer();
  call([&] { protocol->connectionLost(*reason_); });
  protocol->forget_transport();
}

void MemoryConnection::End::disconnect() noexcept {
  if (!open()) return;
  end(Failure(ConnectionLost(make_error_code(Errc::reactor_stopped), "connection")));
  report_loss();
}

MemoryConnection::MemoryConnection(std::shared_ptr<Protocol> client,
                                   std::shared_ptr<Protocol> server)
    : client_(
          std::make_shared<End>(std::move(client), Address::loopback(50000), Address::loopback(7))),
      server_(std::make_shared<End>(std::move(server), Address::loopback(7),
                                    Address::loopback(50000))) {
  server_->start(*client_);
  client_->start(*server_);
}

MemoryConnection::~MemoryConnection() {
  client_->disconnect();
  server_->disconnect();
}

bool MemoryConnection::pump() {
  const std::size_t to_client = std::min(piece_max_, server_->buffered_bytes());
  bool moved = server_->read(piece_max_);
  moved |= client_->read(to_client);
  moved |= client_->go_on();
  moved |= server_->go_on();
  return moved;
}

void MemoryConnection::flush() {
  while (pump()) {
  }
}

bool MemoryConnection::open() const noexcept { return client_->open() || server_->open(); }

Transport& MemoryConnection::client_transport() noexcept { return *client_; }
Transport& MemoryConnection::server_transport() noexcept { return *server_; }

std::unique_ptr<MemoryConnection> connect_in_memory(std::shared_ptr<Protocol> client,
                                                    std::shared_ptr<Protocol> server) {
  return std::make_unique<MemoryConnection>(std::move(client), std::move(server));
}

}  // namespace coil::testing
