// Announcements of peers, answered in bencoding, where d…e is a dictionary and l…e a list.
#include "common/announce.h"

#include <stdexcept>

namespace samples {

namespace {

constexpr std::size_t info_hash_size = 20;
constexpr std::size_t others_max = 50;

std::string bencoded(std::string_view text) {
  return std::to_string(text.size()) + ":" + std::string(text);
}
std::string bencoded(std::int64_t number) { return "i" + std::to_string(number) + "e"; }

std::string bencoded(const coil::Address& peer) {
  return "d" + bencoded("ip") + bencoded(peer.ip().to_string()) + bencoded("port") +
         bencoded(std::int64_t{peer.port()}) + "e";
}

std::string accept(Swarms& swarms, const Target& target, const coil::Address& client,
                   coil::TimePoint now, std::chrono::milliseconds interval) {
  const std::string torrent = target.argument("info_hash");
  if (torrent.size() != info_hash_size) throw std::invalid_argument("info_hash has 20 bytes");
  const std::size_t port = target.number("port", 1, 65535);
  const coil::Address peer(client.ip(), static_cast<std::uint16_t>(port));
  if (target.argument("event") == "stopped") {
    swarms.forget(torrent, peer);
  } else if (!swarms.heard_of(torrent, peer, now)) {
    throw std::invalid_argument("there are too many peers");
  }
  std::string others;
  for (const coil::Address& other : swarms.others(torrent, peer, others_max)) {
    others += bencoded(other);
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(interval);
  return "d" + bencoded("interval") + bencoded(std::int64_t{seconds.count()}) + bencoded("peers") +
         "l" + others + "ee";
}

}  // namespace

std::string answer_announce(Swarms& swarms, const Target& target, const coil::Address& client,
                            coil::TimePoint now, std::chrono::milliseconds interval) {
  try {
    return accept(swarms, target, client, now, interval);
  } catch (const std::invalid_argument& error) {
    return "d" + bencoded("failure reason") + bencoded(error.what()) + "e";
  }
}

}  // namespace samples
