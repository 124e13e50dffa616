// Peers by torrent and address.
#include "common/swarms.h"

#include <iterator>

namespace samples {

bool Swarms::heard_of(const std::string& torrent, const coil::Address& peer, coil::TimePoint now) {
  if (swarms_[torrent].insert_or_assign(peer, now).second) ++peers_;
  if (peers_ <= peers_max) return true;
  forget(torrent, peer);
  return false;
}

void Swarms::forget(const std::string& torrent, const coil::Address& peer) {
  const auto swarm = swarms_.find(torrent);
  if (swarm == swarms_.end()) return;
  peers_ -= swarm->second.erase(peer);
  if (swarm->second.empty()) swarms_.erase(swarm);
}

void Swarms::forget_silent(coil::TimePoint since) {
  for (auto& [torrent, swarm] : swarms_) {
    peers_ -= std::erase_if(swarm, [since](const auto& peer) { return peer.second < since; });
  }
  std::erase_if(swarms_, [](const auto& entry) { return entry.second.empty(); });
}

// Begins behind the one who asks, so that a large swarm is not sent to the same few peers.
std::vector<coil::Address> Swarms::others(const std::string& torrent, const coil::Address& asking,
                                          std::size_t count_max) const {
  std::vector<coil::Address> found;
  const auto entry = swarms_.find(torrent);
  if (entry == swarms_.end()) return found;
  const Swarm& swarm = entry->second;
  auto next = swarm.upper_bound(asking);
  for (std::size_t left = swarm.size(); left > 0 && found.size() < count_max; --left) {
    if (next == swarm.end()) next = swarm.begin();
    if (next->first != asking) found.push_back(next->first);
    ++next;
  }
  return found;
}

std::string Swarms::text() const {
  return std::to_string(swarms_.size()) + " torrents, " + std::to_string(peers_) + " peers\n";
}

}  // namespace samples
