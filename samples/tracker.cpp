// A BitTorrent tracker in Twisted's style: a factory that knows who shares what, protocols that
// answer one HTTP request each, and a LoopingCall that forgets who has gone silent.
//
// Run it:  coil tracker --listen tcp:6969 --interval 1800
//          curl 'http://127.0.0.1:6969/announce?info_hash=twenty_bytes_of_hash&port=6881'
//          curl http://127.0.0.1:6969/stats
#include "common/announce.h"
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/line_receiver.h>
#include <coil/net/ports.h>
#include <coil/net/timeout_mixin.h>
#include <coil/runtime/looping_call.h>

#include <stdexcept>

namespace samples {

namespace {

// What the connections share.
class Tracker : public coil::Factory {
 public:
  Tracker(coil::Reactor& on, Counters& counted, std::chrono::milliseconds interval)
      : reactor(on),
        counters(counted),
        interval_(interval),
        expiry_(on, [this] { swarms_.forget_silent(reactor.now() - 2 * interval_); }) {}

  std::shared_ptr<coil::Protocol> buildProtocol(const coil::Address&) override;
  void startFactory() override { expiry_.start(interval_); }
  void stopFactory() override { expiry_.stop(); }

  std::string announce(const Target& target, const coil::Address& client) {
    return answer_announce(swarms_, target, client, reactor.now(), interval_);
  }
  std::string stats() const { return swarms_.text(); }

  coil::Reactor& reactor;
  Counters& counters;

 private:
  std::chrono::milliseconds interval_;
  Swarms swarms_;
  coil::LoopingCall expiry_;
};

class Request : public coil::TimeoutMixin<coil::LineReceiver> {
 public:
  explicit Request(Tracker& tracker)
      : TimeoutMixin(tracker.reactor), tracker_(tracker), open_(tracker.counters) {}

  void connectionMade() override { setTimeout(std::chrono::seconds(10)); }  // For all of it.
  // The first line says what is wanted; the end of the header, an empty line, that it was all.
  void lineReceived(std::string_view line) override {
    if (first_line_.empty()) first_line_ = line;
    if (!line.empty()) return;
    ++tracker_.counters.messages;
    const std::string answer = answer_to(first_line_);
    tracker_.counters.bytes += answer.size();
    transport().write(answer);
    transport().loseConnection();
  }

 private:
  std::string answer_to(std::string_view line) {
    try {
      const Target target = Target::of_request(line);
      if (target.path() == "/announce") {
        return http_answer("200 OK", tracker_.announce(target, transport().getPeer()));
      }
      if (target.path() == "/stats") return http_answer("200 OK", tracker_.stats());
      return http_answer("404 Not Found", "there are /announce and /stats\n");
    } catch (const std::invalid_argument& error) {
      return http_answer("400 Bad Request", error.what());
    }
  }

  Tracker& tracker_;
  OpenConnection open_;
  std::string first_line_;
};

std::shared_ptr<coil::Protocol> Tracker::buildProtocol(const coil::Address&) {
  return std::make_shared<Request>(*this);
}

}  // namespace

int tracker(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  const std::chrono::milliseconds interval = options.interval.value_or(std::chrono::minutes(30));
  const auto factory = std::make_shared<Tracker>(reactor, counters, interval);
  const coil::ListeningPort port = coil::listenTCP(reactor, options.listen, factory);
  announce(reactor, port.getHost(), "BitTorrent tracker");
  return run_server(reactor, counters);
}

}  // namespace samples
