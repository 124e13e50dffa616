// LineOnlyReceiver and LineReceiver: protocols that speak in lines.
#pragma once

#include <coil/net/detail/parsing_protocol.h>
#include <coil/net/line_parser.h>
#include <coil/runtime/buffer.h>

#include <string>
#include <string_view>
#include <utility>

namespace coil {

// LineOnlyReceiver: a Protocol that gets one line after the other.
//
// Example (tests/examples/framing_example.cpp, "line only"):
//
//   class Shout : public LineOnlyReceiver {
//     void lineReceived(std::string_view line) override {
//       sendLine(std::string(line) + "!");
//       if (line == "quit") transport().loseConnection();
//     }
//   };
//
// Requires:   pauseProducing, resumeProducing and stopProducing are called on the receiver, not on
//             its transport.
// Guarantees: The lines are the same however the bytes were split. After pauseProducing no line
//             comes until resumeProducing, and then the next one; after loseConnection none.
// Source:     Twisted's LineOnlyReceiver.
class LineOnlyReceiver : public detail::ParsingProtocol<LineParser> {
 public:
  // `line` comes without its delimiter; it is valid during the call only.
  virtual void lineReceived(std::string_view line) = 0;
  // A line is longer than max_length(). `line` is all that has arrived: the line, or what there is
  // of it, and what came behind it. It is forgotten; by default, the connection is closed.
  virtual void lineLengthExceeded(std::string_view line);
  // Sends `line` and a delimiter.
  void sendLine(ConstBytes line);

  const std::string& delimiter() const noexcept { return parser().delimiter(); }
  // For the bytes that were not handed out yet, too.
  void set_delimiter(std::string delimiter) { parser().set_delimiter(std::move(delimiter)); }

 protected:
  bool deliver_one() override;
};

// LineReceiver: a Protocol that gets lines, or bytes as they come, and switches between the two.
//
// Example (tests/examples/framing_example.cpp, "modes"):
//
//   class Upload : public LineReceiver {
//     void lineReceived(std::string_view line) override {
//       left_ = std::stoul(std::string(line));
//       if (left_ > 0) setRawMode();
//     }
//     void rawDataReceived(ConstBytes data) override {
//       body_ += as_text(data.first(left_));
//       const ConstBytes behind = data.skip(left_);
//       left_ -= data.size() - behind.size();
//       if (left_ == 0) setLineMode(behind);
//     }
//     std::size_t left_ = 0;
//     std::string body_;
//   };
//
// Requires:   As LineOnlyReceiver.
// Guarantees: As LineOnlyReceiver. A switch counts from the very next byte; any number of them in
//             one piece take constant stack.
// Source:     Twisted's LineReceiver.
class LineReceiver : public LineOnlyReceiver {
 public:
  // `data` is valid during the call only.
  //
  // Errors: By default std::logic_error: whoever calls setRawMode overrides this.
  virtual void rawDataReceived(ConstBytes data);
  // What comes next goes to rawDataReceived.
  void setRawMode() noexcept { raw_ = true; }
  // What comes next goes to lineReceived, `extra` first: what rawDataReceived did not use.
  void setLineMode(ConstBytes extra = ConstBytes());
  // Gives what has arrived and was not handed out, and forgets it.
  std::string clearLineBuffer() { return take_rest(); }

 protected:
  bool deliver_one() override;

 private:
  bool raw_ = false;
};

}  // namespace coil
