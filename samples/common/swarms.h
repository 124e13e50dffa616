// Who shares which torrent: what a tracker knows.
#pragma once

#include <coil/net/address.h>
#include <coil/runtime/time_point.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace samples {

class Swarms {
 public:
  // What strangers can make a tracker remember.
  static constexpr std::size_t peers_max = 100'000;

  // False if there are too many peers already.
  bool heard_of(const std::string& torrent, const coil::Address& peer, coil::TimePoint now);
  void forget(const std::string& torrent, const coil::Address& peer);
  // Forgets those who were not heard of since then.
  void forget_silent(coil::TimePoint since);
  // Other peers of the torrent, others for each who asks.
  std::vector<coil::Address> others(const std::string& torrent, const coil::Address& asking,
                                    std::size_t count_max) const;
  std::string text() const;

 private:
  using Swarm = std::map<coil::Address, coil::TimePoint>;

  std::map<std::string, Swarm> swarms_;
  std::size_t peers_ = 0;
};

}  // namespace samples
