// The part of the contract about handles that is for POSIX systems: a limit of descriptors.
#include <coil/net.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/contract.h"

using namespace coil;
using std::chrono::milliseconds;

namespace {

TEST_CASE("without descriptors accept waits without spinning and goes on when one is free") {
  COIL_CONTRACT(reactor);
  if (reactor->name() == "simulated") return;  // Its sockets take no descriptors.
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpStream spare = co_await TcpStream::connect(*reactor, listener.local_address());
    TcpStream first = co_await listener.accept();
    // What runs without descriptors below runs once with them: the first time it sees a type, the
    // undefined-behavior sanitizer opens a pipe.
    auto unasked = with_timeout(milliseconds(1), listener.accept());
    CHECK_FALSE(co_await as_result(std::move(unasked)));
    TcpStream waiting = co_await TcpStream::connect(*reactor, listener.local_address());
    rlimit before = {};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit few = before;
    few.rlim_cur = 256;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    std::vector<int> fillers;
    for (int filler = ::dup(0); filler >= 0; filler = ::dup(0)) fillers.push_back(filler);
    const std::uint64_t turns = reactor->counters().turns;
    auto refused = with_timeout(milliseconds(20), listener.accept());
    const auto nothing = co_await as_result(std::move(refused));
    CHECK(nothing.error().code() == Errc::timed_out);
    CHECK(reactor->counters().turns - turns < 30);
    auto accept = [&]() -> Task<void> { first = co_await listener.accept(); };
    auto release = [&]() -> Task<void> {
      co_await yield();
      spare.close();
    };
    co_await when_all(accept(), release());
    for (const int filler : fillers) ::close(filler);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    co_await write_all(waiting, "at last");
    std::string text(7, ' ');
    co_await read_exactly(first, text);
    CHECK(text == "at last");
  };
  run(*reactor, body());
}

}  // namespace
