// spawnProcess on a terminal of POSIX systems.
#include "owned_descriptor.h"
#include "process_transport.h"
#include "spawn_posix.h"

#include <memory>
#include <utility>

namespace coil::detail {

// A terminal given by the caller becomes ours when nothing can fail any more.
std::shared_ptr<RunningProcess> start_on_terminal(Reactor& reactor,
                                                  std::shared_ptr<ProcessProtocol> protocol,
                                                  const Command& command,
                                                  const SpawnOptions& options) {
  const bool given = options.pty_master.valid();
  TerminalEnds made;
  if (!given) made = open_terminal();
  const int master = given ? options.pty_master.descriptor() : made.master.get();
  const int slave = given ? options.pty_slave.descriptor() : made.slave.get();
  OwnedDescriptor writing = duplicate(master);
  set_non_blocking(master);
  SpawnedChild spawned = spawn_on_terminal(command, SpawnFailure::is_complaint, slave);
  if (given) {
    made.master = OwnedDescriptor(master);
    made.slave = OwnedDescriptor(slave);
  }
  auto process = std::make_shared<RunningProcess>(
      std::make_shared<Child>(reactor, std::move(spawned.native)), std::move(protocol));
  process->add_terminal(PipeReader(reactor, NativeHandle(made.master.release())),
                        PipeWriter(reactor, NativeHandle(writing.release())));
  return process;
}

}  // namespace coil::detail
