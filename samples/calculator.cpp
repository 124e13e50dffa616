// A calculator in Twisted's style: a LineReceiver that answers every line with one.
//
// Run it:  coil calculator --listen tcp:8007     then ask it  1 + 2 * 3  with:  nc 127.0.0.1 8007
#include "common/expression.h"
#include "common/lines.h"
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/line_receiver.h>
#include <coil/net/ports.h>

namespace samples {

namespace {

class Calculator : public coil::LineReceiver {
 public:
  explicit Calculator(Counters* counters) : counters_(*counters), open_(*counters) {}

  void connectionMade() override {
    set_delimiter("\n");
    set_max_length(line_length_max);
  }
  void lineReceived(std::string_view line) override {
    ++counters_.messages;
    counters_.bytes += line.size();
    sendLine(answer_to(without_return(line)));
  }
  // There may be no end to such a line: the connection has to end.
  void lineLengthExceeded(std::string_view) override {
    sendLine("error: a line has no more than " + std::to_string(line_length_max) + " characters");
    transport().loseConnection();
  }

 private:
  Counters& counters_;
  OpenConnection open_;
};

}  // namespace

int calculator(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  const auto factory = coil::Factory::forProtocol<Calculator>(&counters);
  const coil::ListeningPort port = coil::listenTCP(reactor, options.listen, factory);
  announce(reactor, port.getHost(), "calculator");
  return run_server(reactor, counters);
}

}  // namespace samples
