// spawnProcess: a child process in callback style.
#pragma once

#include <coil/net/producer.h>
#include <coil/process/command.h>
#include <coil/process/process_error.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/failure.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/reactor.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coil {

// ProcessTransport: one child process that a ProcessProtocol writes to and ends.
//
// Example (tests/examples/process_protocol_example.cpp, "word count"):
//
//   void connectionMade() override {
//     transport().write("three little words\n");
//     transport().closeStdin();
//   }
//
// Guarantees: Nothing here blocks or calls the protocol from inside the call. Bytes go out in the
//             order of the writes; what was written before a close is sent first. Neither the end
//             of the last handle nor the end of the reactor ends the child.
// Threads:    Reactor thread only.
// Source:     Twisted's IProcessTransport.
class ProcessTransport : public Producer, public Consumer {
 public:
  // The number of the process; nothing once it has been reaped.
  virtual std::optional<int> pid() const noexcept = 0;

  // Queues a copy of `data` for the child's descriptor; after its close it is dropped.
  //
  // Errors: std::out_of_range if this side does not write to that descriptor.
  virtual void writeToChild(int descriptor, ConstBytes data) = 0;
  // The same for descriptor 0; dropped where there is none.
  void write(ConstBytes data) override = 0;
  virtual void writeSequence(std::span<const ConstBytes> pieces) = 0;
  // Closes this side of one descriptor when what is queued for it has gone, and what a producer
  // makes. An unknown descriptor is ignored, as one that is closed already.
  virtual void closeChildFD(int descriptor) = 0;
  virtual void closeStdin() = 0;
  virtual void closeStdout() = 0;
  virtual void closeStderr() = 0;
  // Closes descriptors 0, 1 and 2; a terminal.
  virtual void loseConnection() = 0;

  // Sends a signal, by its name ("TERM", "KILL", "HUP", with or without SIG) or number.
  //
  // Errors: ProcessExitedAlready; std::invalid_argument for an unknown name; SystemError for
  //         anything else.
  virtual void signalProcess(std::string_view name) = 0;
  virtual void signalProcess(int number) = 0;

  // Stops and restarts the calls of childDataReceived, for all descriptors.
  void pauseProducing() override = 0;
  void resumeProducing() override = 0;
  void stopProducing() override { loseConnection(); }
  // The producer writes to descriptor 0; it is stopped at once where there is none.
  void registerProducer(Producer& producer, bool streaming) override = 0;
  void unregisterProducer() override = 0;
};

// ProcessProtocol: the callbacks of one child process.
//
// Example (tests/examples/process_protocol_example.cpp, "word count"):
//
//   class WordCount : public ProcessProtocol {
//    public:
//     void connectionMade() override {
//       transport().write("three little words\n");
//       transport().closeStdin();
//     }
//     void outReceived(ConstBytes data) override { counted += as_text(data); }
//     void processEnded(const Failure& reason) override {
//       if (!reason.check<ProcessDone>()) std::puts(reason.getErrorMessage().c_str());
//     }
//     std::string counted;
//   };
//
// Guarantees: connectionMade comes first, from inside spawnProcess; all else comes from the loop.
//             childConnectionLost comes once for each descriptor, whoever ended it. processExited
//             comes when the child has been reaped, processEnded after that and after the last
//             descriptor, and last of all; a grandchild that has the child's output still open
//             holds up only the latter. The generic hook is called, and calls the named one. An
//             exception is logged; one in childDataReceived also ends that descriptor. A stop of
//             the reactor ends the descriptors and not the child: processExited and processEnded
//             then come only if it has ended.
// Source:     Twisted's IProcessProtocol.
class ProcessProtocol {
 public:
  ProcessProtocol() noexcept {}
  ProcessProtocol(const ProcessProtocol&) = delete;
  ProcessProtocol& operator=(const ProcessProtocol&) = delete;
  virtual ~ProcessProtocol() = default;

  virtual void connectionMade() {}
  // `data` is valid during the call only, and split anywhere.
  virtual void childDataReceived(int descriptor, ConstBytes data);
  virtual void outReceived(ConstBytes data) { static_cast<void>(data); }
  virtual void errReceived(ConstBytes data) { static_cast<void>(data); }
  virtual void childConnectionLost(int descriptor);
  virtual void inConnectionLost() {}
  virtual void outConnectionLost() {}
  virtual void errConnectionLost() {}
  // ProcessDone or ProcessTerminated.
  virtual void processExited(const Failure& reason) { static_cast<void>(reason); }
  virtual void processEnded(const Failure& reason) { static_cast<void>(reason); }

  // Sets the transport and calls connectionMade.
  void makeConnection(ProcessTransport& transport) {
    transport_ = &transport;
    connectionMade();
  }
  // Takes the transport away again; for who called makeConnection, after processEnded.
  void forget_transport() noexcept { transport_ = nullptr; }

 protected:
  // Requires: Between connectionMade and the end of processEnded.
  ProcessTransport& transport() const {
    if (transport_ == nullptr) contract_violation("a protocol used its transport unconnected");
    return *transport_;
  }

 private:
  ProcessTransport* transport_ = nullptr;
};

// SpawnOptions: how spawnProcess sets up the child.
//
// Example (tests/examples/process_protocol_example.cpp, "options"):
//
//   SpawnOptions options = SpawnOptions()
//                              .set_env(std::nullopt)                       // This process's own.
//                              .set_path("/tmp")
//                              .set_child_fds({{0, 'w'}, {1, 'r'}, {2, 2}});
//
// Source: The parameters of Twisted's spawnProcess.
class SpawnOptions {
 public:
  SpawnOptions() {}
  // Exactly these variables; nothing: this process's own. None at all unless it is set.
  SpawnOptions& set_env(std::optional<Environment> variables);
  // The directory that the child begins in.
  SpawnOptions& set_path(std::string directory) {
    path = std::move(directory);
    return *this;
  }
  SpawnOptions& set_uid(unsigned id) {
    uid = id;
    return *this;
  }
  SpawnOptions& set_gid(unsigned id) {
    gid = id;
    return *this;
  }
  // Runs the child on a new terminal, which is descriptors 0 to 2 at once; all its output comes as
  // that of descriptor 1. Windows has none: then spawnProcess throws.
  SpawnOptions& set_pty(bool value) {
    pty = value;
    return *this;
  }
  // The same on a terminal that is there already; both are then the transport's.
  SpawnOptions& set_pty(NativeHandle master, NativeHandle slave) {
    pty = true;
    pty_master = master;
    pty_slave = slave;
    return *this;
  }
  // What each descriptor of the child is; by default 0 is written here, 1 and 2 are read.
  SpawnOptions& set_child_fds(ChildDescriptors all) {
    child_fds = std::move(all);
    return *this;
  }

  std::optional<Environment> env = Environment();
  std::string path;
  std::optional<unsigned> uid;
  std::optional<unsigned> gid;
  bool pty = false;
  NativeHandle pty_master;
  NativeHandle pty_slave;
  std::optional<ChildDescriptors> child_fds;
};

// Starts a program with `args`, of which the first is what it is told that it is called, and
// connects it to `protocol`. Returns when the child has begun, which is before it has executed.
//
// Guarantees: A program that cannot be executed, a directory or a user that cannot be had, is a
//             sentence on the child's descriptor 2 and its exit code 1. What fails before that is
//             thrown, and everything that was opened is closed, but nothing of the caller's.
// Errors:     SystemError; std::invalid_argument for options that make no sense, such as a terminal
//             beside descriptors.
// Source:     Twisted's IReactorProcess.spawnProcess.
std::shared_ptr<ProcessTransport> spawnProcess(Reactor& reactor,
                                               std::shared_ptr<ProcessProtocol> protocol,
                                               const std::string& executable,
                                               std::vector<std::string> args,
                                               const SpawnOptions& options = SpawnOptions());

}  // namespace coil
