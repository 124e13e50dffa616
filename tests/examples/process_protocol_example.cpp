// The examples of process_protocol.h and process_error.h.
#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <string>

using namespace coil;

namespace {

// [word count]
class WordCount : public ProcessProtocol {
 public:
  void connectionMade() override {
    transport().write("three little words\n");
    transport().closeStdin();
  }
  void outReceived(ConstBytes data) override { counted += as_text(data); }
  void processEnded(const Failure& reason) override {
    if (!reason.check<ProcessDone>()) std::puts(reason.getErrorMessage().c_str());
    // [/word count]
    ended = true;
    // [word count]
  }
  std::string counted;
  // [/word count]
  bool ended = false;
  // [word count]
};
// [/word count]

class Reasons : public ProcessProtocol {
 public:
  // [reasons]
  void processEnded(const Failure& reason) override {
    if (reason.check<ProcessDone>()) return;
    reason.visit<ProcessTerminated>([](const ProcessTerminated& error) {
      std::puts(error.what());  // "exit code 3", "signal 15 (SIGTERM)".
      if (error.signal()) std::puts("by a signal");
    });
  }
  // [/reasons]
};

}  // namespace

TEST_CASE("the examples of process protocols") {
  const auto reactor = make_reactor();
  // [options]
  SpawnOptions options = SpawnOptions()
                             .set_env(std::nullopt)  // This process's own.
                             .set_path("/tmp")
                             .set_child_fds({{0, 'w'}, {1, 'r'}, {2, 2}});
  // [/options]
  const auto words = std::make_shared<WordCount>();
  spawnProcess(*reactor, words, "wc", {"wc", "-w"}, options);
  while (!words->ended) reactor->iterate(std::chrono::milliseconds(5));
  CHECK(words->counted == "3\n");
  const auto other = std::make_shared<Reasons>();
  const auto transport = spawnProcess(*reactor, other, "false", {"false"});
  while (transport->pid()) reactor->iterate(std::chrono::milliseconds(5));
}
