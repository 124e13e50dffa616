// AccumulatingProtocol: keeps what it receives, for a test to look at.
#pragma once

#include <coil/net/protocol.h>

#include <string>

namespace coil::testing {

// AccumulatingProtocol: a Protocol that only listens.
//
// Example (tests/examples/memory_example.cpp, "pump"):
//
//   auto client = std::make_shared<AccumulatingProtocol>();
//   auto connection = connect_in_memory(client, std::make_shared<Echo>());
//   client->line().write("hello");
//   connection->flush();
//   std::puts(client->data.c_str());
//
// Source: Twisted's AccumulatingProtocol.
class AccumulatingProtocol : public Protocol {
 public:
  void connectionMade() override { made = true; }
  void dataReceived(ConstBytes bytes) override { data += as_text(bytes); }
  void connectionLost(const Failure& reason) override {
    closed = true;
    closed_reason = reason;
  }
  // The transport, for the test. Requires: As transport().
  Transport& line() const { return transport(); }

  bool made = false;
  bool closed = false;
  Failure closed_reason;
  std::string data;
};

}  // namespace coil::testing
