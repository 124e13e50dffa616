// What the log of a connection says.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/memory_connection.h>

#include <array>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace coil;
using namespace coil::testing;

namespace {

// Keeps what was written when the stream has gone.
class Log : public std::ostringstream {
 public:
  explicit Log(std::string& text) : text_(text) {}
  ~Log() override { text_ = str(); }

 private:
  std::string& text_;
};

TEST_CASE("a log tells what came, what went, and how it ended") {
  std::string text;
  std::vector<std::uint64_t> numbers;
  auto open = [&](std::uint64_t number, const Address& peer) {
    numbers.push_back(number);
    CHECK(peer.port() == 5000);
    return std::make_unique<Log>(text);
  };
  auto factory =
      std::make_shared<TrafficLoggingFactory>(Factory::forProtocol<AccumulatingProtocol>(), open);
  factory->set_length_max(6);
  {
    auto client = std::make_shared<AccumulatingProtocol>();
    auto built = factory->buildProtocol(Address::loopback(5000));
    auto wrapper = std::dynamic_pointer_cast<ProtocolWrapper>(built);
    auto inner = std::dynamic_pointer_cast<AccumulatingProtocol>(wrapper->wrapped());
    const auto connection = connect_in_memory(client, built);
    client->line().write("hi\r\n\"\x01");
    connection->flush();
    inner->line().write("longer text");
    const std::array<ConstBytes, 2> pieces = {"a", "b"};
    inner->line().writeSequence(pieces);
    inner->line().loseWriteConnection();
    inner->line().loseConnection();
    connection->flush();
    CHECK(client->data == "longer textab");
    CHECK(inner->data == "hi\r\n\"\x01");
  }
  CHECK(text ==
        "+ 127.0.0.1:50000\n"
        "> \"hi\\r\\n\\\"\\x01\"\n"
        "< \"longer\" and 5 bytes more\n"
        "< \"a\"\n"
        "< \"b\"\n"
        "< end of writing\n"
        "< end\n"
        "- " +
            make_error_code(Errc::connection_done).message() + "\n");

  static_cast<void>(factory->buildProtocol(Address::loopback(5000)));
  CHECK(numbers == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("a connection that is told to stop producing is logged as one that is closed") {
  std::string text;
  auto open = [&](std::uint64_t, const Address&) { return std::make_unique<Log>(text); };
  auto factory =
      std::make_shared<TrafficLoggingFactory>(Factory::forProtocol<AccumulatingProtocol>(), open);
  {
    auto wrapper =
        std::dynamic_pointer_cast<ProtocolWrapper>(factory->buildProtocol(Address::loopback(5000)));
    const auto connection = connect_in_memory(std::make_shared<AccumulatingProtocol>(), wrapper);
    wrapper->stopProducing();  // As a consumer does that takes nothing any more.
    connection->flush();
  }
  CHECK(text.find("< end\n") != std::string::npos);
}

}  // namespace
