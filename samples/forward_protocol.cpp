// A port forwarder in Twisted's style: two connections, each of which is the other one's producer.
//
// Run it:  coil forward --listen tcp:8008 --connect tcp:127.0.0.1:8007 --style protocol
// Read forward.cpp beside it: the same forwarder, the other face.
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/endpoint.h>
#include <coil/net/ports.h>
#include <coil/net/protocol.h>

#include <cstdio>

namespace samples {

namespace {

// One of the two connections: what arrives on it is written to the other one.
class Side : public coil::Protocol, public coil::HalfCloseableProtocol {
 public:
  explicit Side(Counters& counters) : counters_(counters) {}

  // Reads nothing while there is nobody to write it to.
  void connectionMade() override { transport().pauseProducing(); }
  void dataReceived(coil::ConstBytes data) override {
    counters_.bytes += data.size();
    other_->transport().write(data);
  }
  // The end is passed on, behind what was written; the other direction may still have much to say.
  void readConnectionLost() override {
    other_->transport().unregisterProducer();
    other_->transport().loseWriteConnection();
    direction_ended();
  }
  void writeConnectionLost() override { direction_ended(); }
  void connectionLost(const coil::Failure&) override {
    if (other_ == nullptr) return;
    other_->other_ = nullptr;
    other_->transport().loseConnection();
  }

 protected:
  // From now on each one is read from only while the other one has little left to send.
  void join(Side& other) {
    other_ = &other;
    other.other_ = this;
    transport().registerProducer(other.transport(), true);
    other.transport().registerProducer(transport(), true);
    transport().resumeProducing();
    other.transport().resumeProducing();
  }
  Counters& counters_;

 private:
  void direction_ended() {
    if (++ended_ == 2) transport().loseConnection();
  }

  Side* other_ = nullptr;  // While both are connected.
  int ended_ = 0;
};

// The side that was accepted, and has the other one connected.
class Client : public Side, public std::enable_shared_from_this<Client> {
 public:
  Client(Counters* counters, coil::StreamClientEndpoint* target)
      : Side(*counters), open_(*counters), target_(*target) {}

  void connectionMade() override {
    Side::connectionMade();
    auto connected = [self = shared_from_this()](const std::shared_ptr<Side>& server) {
      if (self->connected() && server->connected()) self->join(*server);
    };
    auto refused = [self = shared_from_this()](const coil::Failure& why) {
      if (!self->connected()) return;  // The reactor was stopped.
      std::fprintf(stderr, "coil: %s\n", why.getErrorMessage().c_str());
      self->transport().loseConnection();
    };
    coil::connectProtocol(target_, std::make_shared<Side>(counters_))
        .addCallbacks(connected, refused);
  }

 private:
  OpenConnection open_;
  coil::StreamClientEndpoint& target_;
};

}  // namespace

int forward_protocol(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  coil::TcpClientEndpoint target(reactor, options.connect);
  const auto factory = coil::Factory::forProtocol<Client>(&counters, &target);
  const coil::ListeningPort port = coil::listenTCP(reactor, options.listen, factory);
  announce(reactor, port.getHost(), "port forwarder, protocol style");
  return run_server(reactor, counters);
}

}  // namespace samples
