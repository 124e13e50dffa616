// Hand-over: a connection that speaks in lines, then in frames, then in lines again. A LineReceiver
// has it first; a coroutine takes over in mid-stream, and gives it back.
//
// Run it:  coil upgrade --listen tcp:8007
// A line is answered in capitals. Behind the line FRAMES come frames, which are four bytes of
// length and then as many bytes; each comes back as it is, and an empty one is the last.
#include "common/lines.h"
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/framed_reads.h>
#include <coil/net/line_receiver.h>
#include <coil/net/ports.h>
#include <coil/net/stream_algorithms.h>

namespace samples {

namespace {

constexpr std::size_t frame_size_max = 1024 * 1024;

// What stays the same while the connection changes hands.
struct Visit {
  Visit(coil::Reactor& on, Counters& counted) : reactor(on), counters(counted), open(counted) {}

  coil::Reactor& reactor;
  Counters& counters;
  OpenConnection open;
};

coil::Task<void> speak_frames(coil::Deferred<coil::TcpStream> given, std::shared_ptr<Visit> visit);

class Lines : public coil::LineReceiver {
 public:
  Lines(coil::Reactor* reactor, Counters* counters)
      : Lines(std::make_shared<Visit>(*reactor, *counters)) {}
  explicit Lines(std::shared_ptr<Visit> visit) : visit_(std::move(visit)) {
    set_delimiter("\n");
    set_max_length(line_length_max);
  }
  void lineReceived(std::string_view line) override {
    line = without_return(line);
    ++visit_->counters.messages;
    visit_->counters.bytes += line.size();
    if (line == "FRAMES") return hand_over();
    std::string capitals(line);
    for (char& letter : capitals) {
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    sendLine(capitals);
  }

 private:
  // What came behind this line is in the buffer, and goes to the frames.
  void hand_over() {
    sendLine("OK");
    coil::Deferred<coil::TcpStream> stream = transport().detach(clearLineBuffer());
    coil::Deferred<void>::fromCoroutine(visit_->reactor, speak_frames(stream, visit_))
        .addErrback([](const coil::Failure&) {});  // The peer broke off, or sent too much.
  }

  std::shared_ptr<Visit> visit_;
};

// The stream comes when the answer in lines has gone out.
coil::Task<void> speak_frames(coil::Deferred<coil::TcpStream> given, std::shared_ptr<Visit> visit) {
  coil::TcpStream stream = co_await given;
  coil::LengthPrefixParser<std::uint32_t> frames(frame_size_max);
  while (const std::optional<std::string> frame = co_await coil::read_frame(stream, frames)) {
    ++visit->counters.messages;
    visit->counters.bytes += frame->size();
    const auto length = coil::length_prefix<std::uint32_t>(frame->size());
    const std::string answer = coil::to_string(length) + *frame;
    co_await coil::write_all(stream, answer);
    if (!frame->empty()) continue;
    stream.unread(frames.take_rest());  // Lines again.
    coil::attach(std::move(stream), std::make_shared<Lines>(visit));
    co_return;
  }
}

}  // namespace

int upgrade(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  const auto factory = coil::Factory::forProtocol<Lines>(&reactor, &counters);
  const coil::ListeningPort port = coil::listenTCP(reactor, options.listen, factory);
  announce(reactor, port.getHost(), "lines and frames");
  return run_server(reactor, counters);
}

}  // namespace samples
