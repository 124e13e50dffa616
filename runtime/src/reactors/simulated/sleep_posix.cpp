// How a simulation waits for other threads on POSIX systems.
#include "simulation.h"

#include <poll.h>

namespace coil::testing {

void SimulatedReactor::Simulation::sleep() noexcept {
  pollfd watched = {};
  watched.fd = waker.descriptor();
  watched.events = POLLIN;
  [[maybe_unused]] const int count = ::poll(&watched, 1, -1);
  take_wake();
}

}  // namespace coil::testing
