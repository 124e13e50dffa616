// What a test does not ask of wine, which serves as Windows where there is none.
#pragma once

#include <coil/runtime/reactor.h>

#include <string_view>

#include "support/skip.h"

namespace coil::testing {

// Whether this is a Windows program that wine runs. Defined with the process of a test program.
bool runs_on_wine() noexcept;

// Whether the reactor's network is that of wine, of which this cannot be asked: a line says so.
inline bool wine_lacks(Reactor& reactor, std::string_view what, std::string_view reason) {
  if (!runs_on_wine() || reactor.name() == "simulated") return false;
  note_lack(what, reason);
  return true;
}

inline bool wine_hides_resets(Reactor& reactor) {
  return wine_lacks(reactor, "a reset that nobody waited for", "wine reports it as an end");
}

inline bool wine_hides_refusals(Reactor& reactor) {
  return wine_lacks(reactor, "refused datagrams", "wine tells nobody of them");
}

}  // namespace coil::testing
