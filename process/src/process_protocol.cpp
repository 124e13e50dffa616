// spawnProcess, and the hooks of a ProcessProtocol.
#include <coil/process/process_protocol.h>

#include "process_transport.h"
#include "spawn.h"

#include <stdexcept>
#include <utility>

namespace coil {

namespace {

Command command_of(const std::string& executable, std::vector<std::string> args,
                   const SpawnOptions& options) {
  Command command(executable);
  if (!args.empty()) {
    command.set_name(std::move(args.front()));
    args.erase(args.begin());
  }
  command.arguments = std::move(args);
  command.environment = options.env;
  command.directory = options.path;
  command.user = options.uid;
  command.group = options.gid;
  if (options.child_fds) command.set_descriptors(*options.child_fds);
  return command;
}

std::shared_ptr<detail::RunningProcess> start_on_pipes(Reactor& reactor,
                                                       std::shared_ptr<ProcessProtocol> protocol,
                                                       const Command& command) {
  detail::SpawnedChild spawned = detail::spawn_child(command, detail::SpawnFailure::is_complaint);
  auto process = std::make_shared<detail::RunningProcess>(
      std::make_shared<detail::Child>(reactor, std::move(spawned.native)), std::move(protocol));
  for (detail::ParentEnd& end : spawned.ends) {
    const NativeHandle native = end.end.release();
    if (end.reads) {
      process->add_output(end.number, PipeReader(reactor, native));
    } else {
      process->add_input(end.number, PipeWriter(reactor, native));
    }
  }
  return process;
}

}  // namespace

SpawnOptions& SpawnOptions::set_env(std::optional<Environment> variables) {
  env = std::move(variables);
  return *this;
}

void ProcessProtocol::childDataReceived(int descriptor, ConstBytes data) {
  if (descriptor == 1) outReceived(data);
  if (descriptor == 2) errReceived(data);
}

void ProcessProtocol::childConnectionLost(int descriptor) {
  if (descriptor == 0) inConnectionLost();
  if (descriptor == 1) outConnectionLost();
  if (descriptor == 2) errConnectionLost();
}

std::shared_ptr<ProcessTransport> spawnProcess(Reactor& reactor,
                                               std::shared_ptr<ProcessProtocol> protocol,
                                               const std::string& executable,
                                               std::vector<std::string> args,
                                               const SpawnOptions& options) {
  if (protocol == nullptr) throw std::invalid_argument("spawnProcess: there is no protocol");
  if (options.pty && options.child_fds) {
    throw std::invalid_argument("spawnProcess: a terminal leaves no choice of descriptors");
  }
  const Command command = command_of(executable, std::move(args), options);
  std::shared_ptr<detail::RunningProcess> process =
      options.pty ? detail::start_on_terminal(reactor, std::move(protocol), command, options)
                  : start_on_pipes(reactor, std::move(protocol), command);
  process->start();
  return process;
}

}  // namespace coil
