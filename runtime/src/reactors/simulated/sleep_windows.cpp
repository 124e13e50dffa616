// How a simulation waits for other threads on Windows.
#include "simulation.h"

#include <windows.h>

namespace coil::testing {

void SimulatedReactor::Simulation::sleep() noexcept {
  ::WaitForSingleObject(reinterpret_cast<HANDLE>(waker.handle().value()), INFINITE);
  take_wake();
}

}  // namespace coil::testing
