// TrafficLoggingFactory: writes down what goes over each connection.
#pragma once

#include <coil/net/protocol_wrapper.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace coil {

// TrafficLoggingProtocol: what a TrafficLoggingFactory puts around a protocol.
//
// Its lines: `+ ADDRESS` for the connection, `> "BYTES"` for what came, `< "BYTES"` for what was
// written, `< end`, `< end of writing` and `< abort` for what was asked for, `- REASON` at last.
//
// Example (tests/examples/wrapper_example.cpp, "traffic"):
//
//   auto factory = std::make_shared<TrafficLoggingFactory>(echo, open);
//
// Source: Twisted's policies.TrafficLoggingProtocol.
class TrafficLoggingProtocol : public ProtocolWrapper {
 public:
  TrafficLoggingProtocol(std::shared_ptr<WrappingFactory> factory,
                         std::shared_ptr<Protocol> wrapped, std::unique_ptr<std::ostream> log,
                         std::size_t length_max);
  void connectionMade() override;
  void dataReceived(ConstBytes data) override;
  void connectionLost(const Failure& reason) override;
  void write(ConstBytes data) override;
  void writeSequence(std::span<const ConstBytes> pieces) override;
  void loseConnection() override;
  void loseWriteConnection() override;
  void abortConnection() override;

 private:
  void note(std::string_view mark, std::string_view text);
  void note_bytes(std::string_view mark, ConstBytes bytes);

  std::unique_ptr<std::ostream> log_;
  std::size_t length_max_;
};

// TrafficLoggingFactory: gives each connection a log of its own.
//
// Example (tests/examples/wrapper_example.cpp, "traffic"):
//
//   auto open = [](std::uint64_t number, const Address&) {
//     return std::make_unique<std::ofstream>("echo-" + std::to_string(number) + ".log");
//   };
//   auto factory = std::make_shared<TrafficLoggingFactory>(echo, open);
//
// Guarantees: Each line is flushed. Bytes that are no printable text are written as C would.
// Source:     Twisted's policies.TrafficLoggingFactory.
class TrafficLoggingFactory : public WrappingFactory {
 public:
  // Opens the log of a connection, the first of which has the number 1.
  using Open = std::function<std::unique_ptr<std::ostream>(std::uint64_t, const Address&)>;

  TrafficLoggingFactory(std::shared_ptr<Factory> wrapped, Open open)
      : WrappingFactory(std::move(wrapped)), open_(std::move(open)) {}

  // Leaves out what goes beyond so many bytes of one piece; nothing unless set.
  void set_length_max(std::size_t bytes) noexcept { length_max_ = bytes; }

 protected:
  std::shared_ptr<ProtocolWrapper> wrap(std::shared_ptr<Protocol> wrapped,
                                        const Address& peer) override;

 private:
  Open open_;
  std::size_t length_max_ = std::numeric_limits<std::size_t>::max();
  std::uint64_t opened_ = 0;
};

}  // namespace coil
