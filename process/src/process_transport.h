// RunningProcess: the ProcessTransport of one child. Included by the files that start one.
#pragma once

#include <coil/net/pipe.h>
#include <coil/process/process_protocol.h>
#include <coil/runtime/event.h>

#include "child.h"
#include "child_input.h"

#include <map>
#include <memory>

namespace coil::detail {

// What this side reads of one descriptor of a child.
struct ChildOutput {
  explicit ChildOutput(PipeReader from) : reader(std::move(from)) {}
  PipeReader reader;
  Event may_go_on;  // Set when a reader that pauses must look again.
};

// A strand for each descriptor and one that waits for the child own it together.
class RunningProcess final : public ProcessTransport,
                             public std::enable_shared_from_this<RunningProcess> {
 public:
  // Whatever ends this side, the child goes on.
  RunningProcess(std::shared_ptr<Child> child, std::shared_ptr<ProcessProtocol> protocol)
      : child_(std::move(child)), protocol_(std::move(protocol)) {
    child_->leave_alone();
  }
  ~RunningProcess() override;

  void add_output(int descriptor, PipeReader reader);
  void add_input(int descriptor, PipeWriter writer);
  // Both sides of one terminal: what is written to 0, and all that is read, as that of 1.
  void add_terminal(PipeReader reader, PipeWriter writer);
  // Begins to watch, then calls makeConnection.
  void start();

  std::optional<int> pid() const noexcept override;
  void writeToChild(int descriptor, ConstBytes data) override;
  void write(ConstBytes data) override;
  void writeSequence(std::span<const ConstBytes> pieces) override;
  void closeChildFD(int descriptor) override;
  void closeStdin() override { close_standard(0); }
  void closeStdout() override { close_standard(1); }
  void closeStderr() override { close_standard(2); }
  void loseConnection() override;
  void signalProcess(std::string_view name) override;
  void signalProcess(int number) override { child_->signal(number); }
  void pauseProducing() override { paused_ = true; }
  void resumeProducing() override;
  void registerProducer(Producer& producer, bool streaming) override;
  void unregisterProducer() override;

 private:
  Task<void> run_output(std::shared_ptr<RunningProcess> self, int descriptor,
                        std::shared_ptr<ChildOutput> output);
  Task<void> read_all(int descriptor, ChildOutput& output);
  std::shared_ptr<ChildInput> input(int descriptor) const;
  void close_standard(int descriptor);
  void lost(int descriptor) noexcept;
  void exited() noexcept;
  void end_if_over() noexcept;
  template <class Call>
  bool call(const char* where, Call function) noexcept;

  std::shared_ptr<Child> child_;
  std::shared_ptr<ProcessProtocol> protocol_;  // Until processEnded.
  std::map<int, std::shared_ptr<ChildInput>> inputs_;
  std::map<int, std::shared_ptr<ChildOutput>> outputs_;
  Failure reason_;  // How the child ended, once processExited has been called.
  bool on_terminal_ = false;
  bool paused_ = false;
};

// Starts the command on a terminal: that of the options, or a new one. Errors: as spawnProcess.
std::shared_ptr<RunningProcess> start_on_terminal(Reactor& reactor,
                                                  std::shared_ptr<ProcessProtocol> protocol,
                                                  const Command& command,
                                                  const SpawnOptions& options);

}  // namespace coil::detail
