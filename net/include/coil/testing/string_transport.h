// StringTransport: a connection that exists in a test only, and remembers what was written to it.
#pragma once

#include <coil/net/address.h>
#include <coil/net/producer.h>
#include <coil/net/protocol.h>
#include <coil/net/transport.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace coil::testing {

// StringTransport: records what a protocol writes, without a reactor.
//
// Example (tests/examples/framing_example.cpp, "string transport"):
//
//   StringTransport transport;
//   Shout protocol;
//   protocol.makeConnection(transport);
//   protocol.dataReceived("hello\r\nqu");
//   protocol.dataReceived("it\r\n");
//   CHECK(transport.value() == "hello!\r\nquit!\r\n");
//   CHECK(transport.disconnecting());
//
// Guarantees: What is written is taken at once. Ending the connection is remembered and does
//             nothing else. A producer that is not streaming is asked for its first piece when it
//             is registered; for the next one when the test calls producer().resume().
// Errors:     std::logic_error where a real transport would let a mistake pass: a producer is
//             unregistered that was not registered; a paused, resumed or stopped reading after
//             stopProducing, or after the connection was closed.
// Source:     Twisted's StringTransport.
class StringTransport : public Transport {
 public:
  // Whether the protocol wants to be given bytes.
  enum class Reading : unsigned char { producing, paused, stopped };

  StringTransport() noexcept {}
  StringTransport(const Address& host, const Address& peer) noexcept : host_(host), peer_(peer) {}

  // What was written since the last clear().
  const std::string& value() const noexcept { return written_; }
  void clear() noexcept { written_.clear(); }
  // The registered producer, which a test pauses, resumes and stops as a peer would.
  ProducerSlot& producer() noexcept { return producer_; }
  Reading reading() const noexcept { return reading_; }
  // True after abortConnection.
  bool aborting() const noexcept { return aborting_; }
  // True after loseWriteConnection.
  bool write_closed() const noexcept { return write_closed_; }
  const WaterMarks& water_marks() const noexcept { return marks_; }
  // What was given back to detach().
  const std::optional<std::string>& detached() const noexcept { return detached_; }

  void write(ConstBytes data) override;
  void writeSequence(std::span<const ConstBytes> pieces) override;
  void loseConnection() override { disconnecting_ = true; }
  void loseWriteConnection() override { write_closed_ = true; }
  void abortConnection() override;
  void pauseProducing() override { change_reading(Reading::paused); }
  void resumeProducing() override { change_reading(Reading::producing); }
  void stopProducing() override { change_reading(Reading::stopped); }
  void registerProducer(Producer& producer, bool streaming) override;
  void unregisterProducer() override;

  bool disconnecting() const noexcept override { return disconnecting_ || detached_; }
  // 192.168.1.1:54321, unless the constructor was given another one.
  Address getPeer() const override { return peer_; }
  // 10.0.0.1:12345, unless the constructor was given another one.
  Address getHost() const override { return host_; }
  bool getTcpNoDelay() const override { return no_delay_; }
  void setTcpNoDelay(bool enabled) override { no_delay_ = enabled; }
  bool getTcpKeepAlive() const override { return keep_alive_; }
  void setTcpKeepAlive(bool enabled) override { keep_alive_ = enabled; }
  std::size_t buffered_bytes() const noexcept override { return 0; }
  void set_water_marks(const WaterMarks& marks) override { marks_ = marks; }
  std::vector<Pause> pauses() const override;
  Task<void> drain() override;
  // Gives a stream that is not open.
  Deferred<TcpStream> detach(ConstBytes unread) override;

 private:
  bool ends() const noexcept { return disconnecting() || write_closed_; }
  // What a registered producer makes is wanted until it is unregistered.
  bool accepts_writes() const noexcept {
    return !ends() || (producer_.registered() && !aborting_ && !detached_);
  }
  void change_reading(Reading to);

  static Address usual_host() noexcept { return {IpAddress::v4({10, 0, 0, 1}), 12345}; }
  static Address usual_peer() noexcept { return {IpAddress::v4({192, 168, 1, 1}), 54321}; }

  std::string written_;
  ProducerSlot producer_;
  Address host_ = usual_host();
  Address peer_ = usual_peer();
  WaterMarks marks_;
  std::optional<std::string> detached_;
  Reading reading_ = Reading::producing;
  bool disconnecting_ = false;
  bool aborting_ = false;
  bool write_closed_ = false;
  bool no_delay_ = false;
  bool keep_alive_ = false;
};

// StringTransportWithDisconnection: a StringTransport that tells the protocol of its end.
//
// Example (tests/examples/framing_example.cpp, "disconnection"):
//
//   StringTransportWithDisconnection transport(protocol);
//   protocol.makeConnection(transport);
//   protocol.dataReceived("quit\r\n");
//   CHECK(protocol.why.check<ConnectionDone>());
//
// Requires:   A test holds on to a protocol that is wrapped: its wrapper lets it go at the end,
//             which comes from inside its own callback here.
// Guarantees: connectionLost is called once, from inside loseConnection (ConnectionDone) or
//             abortConnection (ConnectionAborted): a test need not wait for it. A registered
//             producer is not waited for either, but stopped.
// Source:     Twisted's StringTransportWithDisconnection.
class StringTransportWithDisconnection final : public StringTransport {
 public:
  explicit StringTransportWithDisconnection(Protocol& protocol) noexcept : protocol_(protocol) {}

  void loseConnection() override;
  void abortConnection() override;

 private:
  void lose(const Failure& reason);

  Protocol& protocol_;
};

}  // namespace coil::testing
