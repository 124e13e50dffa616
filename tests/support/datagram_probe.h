// A datagram protocol that notes what it is told, and a wait for what it notes.
#pragma once

#include <coil/net.h>
#include <coil/runtime.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace coil::testing {

using Strings = std::vector<std::string>;

class DatagramProbe : public DatagramProtocol {
 public:
  void startProtocol() override {
    seen.push_back("start");
    if (on_start) on_start();
  }
  void datagramReceived(ConstBytes data, const Address& peer) override {
    seen.push_back(to_string(data));
    sender = peer;
    if (on_datagram) on_datagram();
  }
  void connectionRefused() override { ++refused; }
  void stopProtocol() override { seen.push_back("stop"); }
  std::string last() const { return seen.empty() ? std::string() : seen.back(); }

  Strings seen;
  Address sender;  // Of the last datagram.
  int refused = 0;
  std::function<void()> on_start;
  std::function<void()> on_datagram;
};

// Lets the loop turn, and simulated time pass, until it is so.
template <class Condition>
Task<void> until(Condition condition) {
  while (!condition()) co_await sleep(std::chrono::milliseconds(1));
}

}  // namespace coil::testing
