// StreamTransport: the one coroutine per connection that drives a Protocol. Included by ports.cpp.
#pragma once

#include <coil/net/protocol.h>
#include <coil/net/tcp.h>
#include <coil/net/transport.h>
#include <coil/runtime/event.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include "write_buffer.h"

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace coil {

// The reading strand lives as long as the connection and makes every call of the protocol; a
// writing strand exists only while output is pending. Both use the stream's ordinary operations.
class StreamTransport final : public Transport,
                              public std::enable_shared_from_this<StreamTransport> {
 public:
  // Told after the protocol's connectionLost.
  using Ended = absl::AnyInvocable<void(const Failure&) &&>;

  StreamTransport(TcpStream stream, std::shared_ptr<Protocol> protocol, Ended ended);

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
  Address getHost() const override { return host_; }
  bool getTcpNoDelay() const override;
  void setTcpNoDelay(bool enabled) override;
  bool getTcpKeepAlive() const override;
  void setTcpKeepAlive(bool enabled) override;
  std::size_t buffered_bytes() const noexcept override { return output_.size(); }

 private:
  // A smaller write is copied, to go out together with others; a larger one is sent from where it
  // lies if nothing is in its way.
  static constexpr std::size_t copied_bytes_max = 4096;

  enum class WriteSide : unsigned char { open, closing, closed };

  Task<void> write_loop();
  // A strand starts later than its creation: it is given its share of the transport right away.
  Task<void> run_reader(std::shared_ptr<StreamTransport> self);
  Task<void> run_writer(std::shared_ptr<StreamTransport> self);
  bool begin();
  void take(std::int64_t outcome, ConstBytes bytes);
  // Calls the protocol; an exception ends the connection. False once the connection has ended.
  template <class Call>
  bool call(const char* where, Call function) noexcept;
  bool accepts_writes() const noexcept;
  bool may_read() const noexcept;
  void peer_ended();
  void after_drain();
  void start_writer();
  std::size_t send_now(ConstBytes more);
  std::size_t try_pieces(std::span<const ConstBytes> pieces);
  void took(std::size_t size);
  void flush();
  void end(Failure reason) noexcept;
  void report_loss() noexcept;

  TcpStream stream_;
  std::shared_ptr<Protocol> protocol_;
  HalfCloseableProtocol* half_closeable_;
  Ended ended_;
  Address peer_;
  Address host_;
  detail::WriteBuffer output_;
  Event may_go_on_;                // Set when a paused reader must look again.
  std::optional<Failure> reason_;  // Why the connection has ended, once it has.
  WriteSide write_side_ = WriteSide::open;
  bool paused_ = false;     // By the protocol.
  bool held_back_ = false;  // By the amount of pending output.
  bool disconnecting_ = false;
  bool peer_ended_ = false;
  bool writer_runs_ = false;
  bool corked_ = false;  // A callback runs: its small writes go out together when it returns.
};

}  // namespace coil
