// A client that comes back: it greets a server, and connects again whenever the connection is lost
// or cannot be made, after waits that grow.
//
// Run it:  coil reconnect --connect tcp:127.0.0.1:8007     and start and stop  coil echo  meanwhile
#include "common/lines.h"
#include "common/samples.h"

#include <coil/net/line_receiver.h>
#include <coil/net/reconnecting_client_factory.h>

#include <cstdio>

namespace samples {

namespace {

// Whoever started this wants to see each line when it happens, also through a pipe.
void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

class Greeter : public coil::LineReceiver {
 public:
  void connectionMade() override {
    set_delimiter("\n");
    sendLine("hello");
  }
  void lineReceived(std::string_view line) override { say("it says: " + std::string(line)); }
};

class Persistent : public coil::ReconnectingClientFactory {
 public:
  using coil::ReconnectingClientFactory::ReconnectingClientFactory;

  void startedConnecting(coil::Connector& connector) override {
    say("attempt " + std::to_string(++attempts_) + " at " + connector.getDestination().to_string());
    ReconnectingClientFactory::startedConnecting(connector);
  }
  std::shared_ptr<coil::Protocol> buildProtocol(const coil::Address&) override {
    ++connections_;
    resetDelay();  // The server is there: after its end, the first wait is a short one.
    return std::make_shared<Greeter>();
  }
  void clientConnectionFailed(coil::Connector& connector, const coil::Failure& why) override {
    ReconnectingClientFactory::clientConnectionFailed(connector, why);
    tell_wait(connector, why);
  }
  void clientConnectionLost(coil::Connector& connector, const coil::Failure& why) override {
    ReconnectingClientFactory::clientConnectionLost(connector, why);
    tell_wait(connector, why);
  }
  std::string summary() const {
    return std::to_string(attempts_) + " attempts, " + std::to_string(connections_) +
           " connections";
  }

 private:
  void tell_wait(coil::Connector& connector, const coil::Failure& why) const {
    if (!connector.reactor().can_stop()) return;  // It is being stopped, and there is no next one.
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(delay());
    say(why.getErrorMessage() + "; again in " + std::to_string(wait.count()) + " ms");
  }

  std::size_t attempts_ = 0;
  std::size_t connections_ = 0;
};

}  // namespace

int reconnecting_client(coil::Reactor& reactor, const ClientOptions& options) {
  const auto waits = coil::ReconnectOptions()
                         .set_initial_delay(std::chrono::milliseconds(100))
                         .set_max_delay(options.delay_max);
  const auto factory = std::make_shared<Persistent>(waits);
  coil::connectTCP(reactor, options.connect, factory);
  reactor.run();
  say(factory->summary());
  return 0;
}

}  // namespace samples
