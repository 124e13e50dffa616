// The answers of a tracker.
#pragma once

#include "common/http.h"
#include "common/swarms.h"

#include <coil/runtime/time_point.h>

#include <chrono>
#include <string>

namespace samples {

// Remembers or forgets the peer that announces itself, and tells it of others, bencoded. What is
// wrong with its request is an answer, too.
//
// Source: BEP 3, "The BitTorrent Protocol Specification".
std::string answer_announce(Swarms& swarms, const Target& target, const coil::Address& client,
                            coil::TimePoint now, std::chrono::milliseconds interval);

}  // namespace samples
