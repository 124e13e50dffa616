// The examples of producer.h and of the flow control in transport.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

// [count down]
class Countdown : public Producer {
 public:
  explicit Countdown(Transport& to) : to_(to) {}
  void resumeProducing() override {
    to_.write(std::to_string(left_) + "\n");
    if (--left_ == 0) to_.unregisterProducer();
  }
  void stopProducing() override { left_ = 0; }

 private:
  Transport& to_;
  int left_ = 10;
};
// [/count down]

class Launch : public Protocol {
  // [serve]
  void connectionMade() override {
    countdown_.emplace(transport());
    transport().registerProducer(*countdown_, false);  // Asks for one line after the other.
    transport().loseConnection();                      // When the last one has gone.
  }
  // [/serve]
  void dataReceived(ConstBytes) override {}

  std::optional<Countdown> countdown_;
};

class Patient : public Protocol {
  void connectionMade() override {
    // [water marks]
    transport().set_water_marks(WaterMarks().set_high(1024 * 1024).set_low(0));
    // [/water marks]
    transport().pauseProducing();
    // [pauses]
    for (const Pause& pause : transport().pauses()) {
      std::puts(pause.by == Pause::By::output ? "the peer reads slowly" : "we asked for it");
    }
    // [/pauses]
    CHECK(transport().pauses().size() == 1);
    transport().loseConnection();
  }
  void dataReceived(ConstBytes) override {}
};

// A consumer that keeps what it is given.
class Shelf : public Consumer {
 public:
  void write(ConstBytes data) override { kept += as_text(data); }
  // [slot]
  void registerProducer(Producer& producer, bool streaming) override {
    slot_.set(*this, producer, streaming);
  }
  void unregisterProducer() override { slot_.clear(); }
  // [/slot]
  void take() { slot_.resume(); }

  std::string kept;

 private:
  ProducerSlot slot_;
};

class Letters : public Producer {
 public:
  explicit Letters(Consumer& to) : to_(to) {}
  void resumeProducing() override { to_.write(std::string(1, next_++)); }
  void stopProducing() override {}

 private:
  Consumer& to_;
  char next_ = 'a';
};

template <class P>
Task<void> serve_one(Reactor& reactor, std::string* text) {
  ListeningPort port = listenTCP(reactor, Address::loopback(0), Factory::forProtocol<P>());
  TcpStream client = co_await TcpStream::connect(reactor, port.getHost());
  *text = co_await testing::read_to_end(client);
  co_await port.stopListening();
}

}  // namespace

TEST_CASE("count down") {
  const auto reactor = make_reactor();
  std::string text;
  run(*reactor, serve_one<Launch>(*reactor, &text));
  CHECK(text == "10\n9\n8\n7\n6\n5\n4\n3\n2\n1\n");
}

TEST_CASE("water marks and pauses") {
  const auto reactor = make_reactor();
  std::string text;
  run(*reactor, serve_one<Patient>(*reactor, &text));
  CHECK(text.empty());
}

TEST_CASE("slot") {
  Shelf shelf;
  {
    Letters letters(shelf);
    shelf.registerProducer(letters, false);
    shelf.take();
    shelf.take();
  }
  shelf.take();  // Nobody is left to ask.
  CHECK(shelf.kept == "ab");
}
