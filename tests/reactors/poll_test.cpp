// Covers: poll_poller.cpp: the array of those who wait, and what only poll says of a descriptor.
#include "watched.h"

#include <random>

using namespace coil;
using namespace coil::testing;

namespace {

TEST_CASE("handles leave the array in any order, and those that stay are told of their bytes") {
  COIL_CONTRACT(reactor);
  constexpr std::size_t count = 200;
  std::mt19937_64 random(test_seed());
  std::vector<SocketPair> pairs(count);
  std::vector<std::shared_ptr<Watched>> readers;
  for (SocketPair& pair : pairs) {
    const int number = pair.here.number();
    readers.push_back(std::make_shared<Watched>(pair.here.native(), [number] {
      char byte = 0;
      REQUIRE(::read(number, &byte, 1) == 1);
    }));
    reactor->addReader(readers.back());
  }
  reactor->iterate();
  std::vector<std::size_t> order(count);
  for (std::size_t index = 0; index < count; ++index) order[index] = index;
  std::ranges::shuffle(order, random);
  const auto half = order.begin() + static_cast<std::ptrdiff_t>(count / 2);
  for (auto gone = order.begin(); gone != half; ++gone) reactor->removeReader(*readers[*gone]);
  for (const SocketPair& pair : pairs) pair.there.put('x');
  auto is_told = [&](std::size_t index) { return readers[index]->calls == 1; };
  turn_until(*reactor, [&] { return std::all_of(half, order.end(), is_told); });
  reactor->iterate();
  CHECK(std::all_of(half, order.end(), is_told));
  CHECK(std::none_of(order.begin(), half, is_told));
  reactor->removeAll();
  reactor->iterate();
}

TEST_CASE("a foreign descriptor that is closed while it is waited for is lost with that error") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  auto reader = std::make_shared<Watched>(pair.here.native(), [] {});
  reactor->addReader(reader);
  reactor->iterate();
  pair.here.close();
  turn_until(*reactor, [&] { return reader->losses != 0; });
  CHECK(reader->losses == 1);
  CHECK(reader->calls == 0);
  CHECK(reader->reason.getErrorMessage().find("descriptor") != std::string::npos);
  CHECK(turns_in(*reactor, std::chrono::milliseconds(20)) < 20);
}

TEST_CASE("descriptors beyond the capacity of fd_set are served") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  pair.here.move_above(FD_SETSIZE + 100);
  auto reader = std::make_shared<Watched>(pair.here.native(), [] {});
  reactor->addReader(reader);
  pair.there.put('x');
  turn_until(*reactor, [&] { return reader->calls != 0; });
  reactor->removeReader(*reader);
  reactor->iterate();
}

}  // namespace
