// What goes over a connection, written down line by line.
#include <coil/net/traffic_log.h>

#include <absl/strings/escaping.h>

namespace coil {

TrafficLoggingProtocol::TrafficLoggingProtocol(std::shared_ptr<WrappingFactory> factory,
                                               std::shared_ptr<Protocol> wrapped,
                                               std::unique_ptr<std::ostream> log,
                                               std::size_t length_max)
    : ProtocolWrapper(std::move(factory), std::move(wrapped)),
      log_(std::move(log)),
      length_max_(length_max) {}

void TrafficLoggingProtocol::connectionMade() {
  note("+", getPeer().to_string());
  ProtocolWrapper::connectionMade();
}

void TrafficLoggingProtocol::dataReceived(ConstBytes data) {
  note_bytes(">", data);
  ProtocolWrapper::dataReceived(data);
}

void TrafficLoggingProtocol::connectionLost(const Failure& reason) {
  note("-", reason.getErrorMessage());
  ProtocolWrapper::connectionLost(reason);
}

void TrafficLoggingProtocol::write(ConstBytes data) {
  note_bytes("<", data);
  ProtocolWrapper::write(data);
}

void TrafficLoggingProtocol::writeSequence(std::span<const ConstBytes> pieces) {
  for (const ConstBytes& piece : pieces) note_bytes("<", piece);
  ProtocolWrapper::writeSequence(pieces);
}

void TrafficLoggingProtocol::loseConnection() {
  note("<", "end");
  ProtocolWrapper::loseConnection();
}

void TrafficLoggingProtocol::loseWriteConnection() {
  note("<", "end of writing");
  ProtocolWrapper::loseWriteConnection();
}

void TrafficLoggingProtocol::abortConnection() {
  note("<", "abort");
  ProtocolWrapper::abortConnection();
}

void TrafficLoggingProtocol::note(std::string_view mark, std::string_view text) {
  *log_ << mark << ' ' << text << '\n' << std::flush;
}

void TrafficLoggingProtocol::note_bytes(std::string_view mark, ConstBytes bytes) {
  const std::string_view shown = as_text(bytes.first(length_max_));
  std::string text = '"' + absl::CHexEscape({shown.data(), shown.size()}) + '"';
  if (shown.size() < bytes.size()) {
    text += " and " + std::to_string(bytes.size() - shown.size()) + " bytes more";
  }
  note(mark, text);
}

std::shared_ptr<ProtocolWrapper> TrafficLoggingFactory::wrap(std::shared_ptr<Protocol> wrapped,
                                                             const Address& peer) {
  std::unique_ptr<std::ostream> log = open_(++opened_, peer);
  return make_wrapper<TrafficLoggingProtocol>(std::move(wrapped), std::move(log), length_max_);
}

}  // namespace coil
