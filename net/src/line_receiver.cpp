// Protocols that speak in lines.
#include <coil/net/line_receiver.h>

#include <array>
#include <optional>
#include <stdexcept>

namespace coil {

void LineOnlyReceiver::lineLengthExceeded(std::string_view line) {
  static_cast<void>(line);
  transport().loseConnection();
}

void LineOnlyReceiver::sendLine(ConstBytes line) {
  const std::array<ConstBytes, 2> pieces = {line, delimiter()};
  transport().writeSequence(pieces);
}

bool LineOnlyReceiver::deliver_one() {
  if (const std::optional<std::string_view> line = parser().pop()) {
    lineReceived(*line);
    return true;
  }
  if (!parser().error()) return false;
  lineLengthExceeded(take_rest());
  return true;
}

void LineReceiver::rawDataReceived(ConstBytes data) {
  static_cast<void>(data);
  throw std::logic_error("setRawMode was called, but rawDataReceived is not overridden");
}

void LineReceiver::setLineMode(ConstBytes extra) {
  raw_ = false;
  if (!extra.empty()) dataReceived(extra);
}

bool LineReceiver::deliver_one() {
  if (!raw_) return LineOnlyReceiver::deliver_one();
  const std::string_view bytes = parser().pop_raw();
  if (bytes.empty()) return false;
  rawDataReceived(bytes);
  return true;
}

}  // namespace coil
