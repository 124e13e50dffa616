// A ProcessProtocol that notes what happens to it, and children that run with it.
#pragma once

#include <coil/process.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/child.h"

namespace coil::testing {

using Strings = std::vector<std::string>;

// Notes what happens to it.
class ProcessNotes : public ProcessProtocol {
 public:
  void connectionMade() override {
    seen.push_back("made");
    if (on_made) on_made(transport());
  }
  void childDataReceived(int descriptor, ConstBytes data) override {
    received[descriptor] += as_text(data);
    if (on_data) on_data(transport());
    ProcessProtocol::childDataReceived(descriptor, data);
  }
  void outReceived(ConstBytes data) override { out += as_text(data); }
  void errReceived(ConstBytes data) override { err += as_text(data); }
  void childConnectionLost(int descriptor) override {
    seen.push_back("lost " + std::to_string(descriptor));
    ProcessProtocol::childConnectionLost(descriptor);
  }
  void inConnectionLost() override { seen.push_back("in"); }
  void outConnectionLost() override { seen.push_back("out"); }
  void errConnectionLost() override { seen.push_back("err"); }
  void processExited(const Failure& reason) override {
    seen.push_back("exited");
    why = reason;
    if (on_exited) on_exited(transport());
  }
  void processEnded(const Failure& reason) override {
    seen.push_back("ended");
    why = reason;
    ended = true;
    if (on_ended) on_ended();
  }
  ProcessTransport& line() { return transport(); }
  std::ptrdiff_t count(const std::string& what) const {
    return std::count(seen.begin(), seen.end(), what);
  }

  Strings seen;
  std::map<int, std::string> received;
  std::string out;
  std::string err;
  Failure why;
  bool ended = false;
  std::function<void(ProcessTransport&)> on_made;
  std::function<void(ProcessTransport&)> on_data;
  std::function<void(ProcessTransport&)> on_exited;
  std::function<void()> on_ended;
};

inline std::shared_ptr<ProcessTransport> spawned(Reactor& reactor,
                                                 const std::shared_ptr<ProcessNotes>& notes,
                                                 Strings arguments,
                                                 const SpawnOptions& options = SpawnOptions()) {
  arguments.insert(arguments.begin(), "child");
  return spawnProcess(reactor, notes, COIL_TEST_CHILD, std::move(arguments), options);
}

template <class Done>
void turn_until(Reactor& reactor, Done done) {
  while (!done()) reactor.iterate(std::chrono::milliseconds(5));
  // What was closed with the last call has a few turns to be gone.
  for (int turns = 0; turns < 20 && is_busy(reactor); ++turns) reactor.iterate();
}

// Runs a child to its end.
inline std::shared_ptr<ProcessNotes> finished(Reactor& reactor, Strings arguments,
                                              const SpawnOptions& options = SpawnOptions()) {
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_made = [](ProcessTransport& line) { line.closeStdin(); };
  spawned(reactor, notes, std::move(arguments), options);
  turn_until(reactor, [&] { return notes->ended; });
  return notes;
}

}  // namespace coil::testing
