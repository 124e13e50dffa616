// spawnProcess on a terminal, which Windows has not.
#include "process_transport.h"
#include "text_windows.h"

namespace coil::detail {

std::shared_ptr<RunningProcess> start_on_terminal(Reactor&, std::shared_ptr<ProcessProtocol>,
                                                  const Command& command, const SpawnOptions&) {
  refuse("cannot run '" + command.program + "' on a terminal: on Windows there is none to make");
}

}  // namespace coil::detail
