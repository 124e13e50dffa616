// Lists the reactors of this machine: which can be had, with which features, and why one cannot.
//
// Run it:  coil reactors
#include "common/samples.h"

#include <coil/runtime/reactor_factory.h>

#include <cstdio>

namespace samples {

int list_reactors() {
  for (const coil::AvailableReactor& entry : coil::available_reactors()) {
    if (entry.refusal.empty()) {
      std::printf("%-10s available: %s\n", entry.name.c_str(), entry.description.c_str());
    } else {
      std::printf("%-10s refused: %s\n", entry.name.c_str(), entry.refusal.c_str());
    }
  }
  return 0;
}

}  // namespace samples
