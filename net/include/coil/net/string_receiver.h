// NetstringReceiver and Int8-, Int16- and Int32StringReceiver: protocols that speak in strings.
#pragma once

#include <coil/net/detail/parsing_protocol.h>
#include <coil/net/frame_parser.h>
#include <coil/runtime/buffer.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace coil {

// NetstringReceiver: a Protocol that gets one netstring after the other.
//
// Example (tests/examples/framing_example.cpp, "netstring receiver"):
//
//   class Echo : public NetstringReceiver {
//     void stringReceived(ConstBytes text) override { sendString(text); }
//   };
//
// Requires:   pauseProducing, resumeProducing and stopProducing are called on the receiver, not on
//             its transport.
// Guarantees: The strings are the same however the bytes were split. What is no netstring, and one
//             longer than max_length(), closes the connection; a length that is too long does so
//             before its string arrives. After pauseProducing no string comes until
//             resumeProducing, and then the next one; after loseConnection none.
// Source:     Twisted's NetstringReceiver.
class NetstringReceiver : public detail::ParsingProtocol<NetstringParser> {
 public:
  // `text` is valid during the call only.
  virtual void stringReceived(ConstBytes text) = 0;
  void sendString(ConstBytes text);
  // Tells whether the connection was closed for what the peer sent.
  bool broken_peer() const noexcept { return static_cast<bool>(parser().error()); }

 protected:
  bool deliver_one() override;
};

// IntNStringReceiver<Length>: a Protocol that gets strings, each of which comes behind its length.
//
// Example (tests/examples/framing_example.cpp, "length prefix receiver"):
//
//   class Upgrade : public Int16StringReceiver {
//     void stringReceived(ConstBytes text) override {
//       if (as_text(text) != "upgrade") return sendString(text);
//       stream_ = transport().detach(take_rest());   // Another protocol goes on from here.
//     }
//     Deferred<TcpStream> stream_;
//   };
//
// Requires:   pauseProducing, resumeProducing and stopProducing are called on the receiver, not on
//             its transport.
// Guarantees: The strings are the same however the bytes were split. After pauseProducing no string
//             comes until resumeProducing, and then the next one; after loseConnection none.
// Source:     Twisted's IntNStringReceiver.
template <std::unsigned_integral Length>
class IntNStringReceiver : public detail::ParsingProtocol<LengthPrefixParser<Length>> {
 public:
  // `text` is valid during the call only.
  virtual void stringReceived(ConstBytes text) = 0;
  // The next string is longer than max_length(). Nothing is taken from what has arrived, its length
  // neither: this is called again with the next bytes, unless the limit is raised or take_rest()
  // called. By default, the connection is closed.
  virtual void lengthLimitExceeded(std::size_t length) {
    static_cast<void>(length);
    this->transport().loseConnection();
  }
  // Errors: StringTooLongError if its length does not fit into a Length; nothing is sent then.
  void sendString(ConstBytes text) {
    const auto prefix = length_prefix<Length>(text.size());
    const std::array<ConstBytes, 2> pieces = {prefix, text};
    this->transport().writeSequence(pieces);
  }

 protected:
  bool deliver_one() override {
    if (const std::optional<ConstBytes> text = this->parser().pop()) {
      stringReceived(*text);
      return true;
    }
    const std::optional<Length> length = this->parser().refused_length();
    if (!length) return false;
    lengthLimitExceeded(*length);
    return !this->parser().refused_length();
  }
};

using Int8StringReceiver = IntNStringReceiver<std::uint8_t>;
using Int16StringReceiver = IntNStringReceiver<std::uint16_t>;
using Int32StringReceiver = IntNStringReceiver<std::uint32_t>;

}  // namespace coil
