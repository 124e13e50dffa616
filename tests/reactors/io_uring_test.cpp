// Covers: io_uring_reactor.cpp, ring.h, translate.h: a full queue, and rings that lack a feature.
#include <cstdlib>
#include <string>
#include <utility>

#include "support/contract.h"
#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;

namespace {

// Sets an environment variable while it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  ~Environment() { ::unsetenv(name_); }

 private:
  const char* name_;
};

// More entries than the queue has places, and with their cancels more completions than theirs has.
TEST_CASE("requests beyond the length of the queues are carried out, and so are their cancels") {
  COIL_CONTRACT(reactor);
  constexpr std::size_t count = 6000;
  std::size_t cancelled = 0;
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  std::vector<TcpStream> accepted;
  auto accepts = [&]() -> Task<void> {
    try {
      accepted.push_back(co_await listener.accept());
    } catch (const Cancelled&) {
      ++cancelled;
      throw;
    }
  };
  auto all = [&]() -> Task<void> {
    auto body = [&](TaskGroup& group) -> Task<void> {
      for (std::size_t each = 0; each < count; ++each) group.spawn(accepts);
      co_await sleep(Duration::zero());
      TcpStream client = co_await TcpStream::connect(*reactor, listener.local_address());
      while (accepted.empty()) co_await yield();
      CHECK(reactor->counters().submitted - reactor->counters().completed == count - 1);
      group.cancel();
    };
    co_await with_task_group(body);
  };
  run(*reactor, all());
  CHECK(accepted.size() == 1);
  CHECK(cancelled == count - 1);
}

TEST_CASE("a ring says by which buffers it receives") {
  COIL_CONTRACT(reactor);
  const std::string all = reactor->description();
  if (all.find("not used") != std::string::npos) return;
  CHECK(all.find("multishot receives into 64 x 16 KiB and 16 x 64 KiB incremental") !=
        std::string::npos);
  for (const auto& [off, rest] : {std::pair("-incremental", "into 64 x 16 KiB; not used"),
                                  std::pair("-multishot", "receives by polls; not used")}) {
    const Environment without("COIL_IO_URING", off);
    COIL_CONTRACT(less);
    CHECK(less->description().find(rest) != std::string::npos);
  }
}

// Connects, talks both ways, has a read and an accept wait, and cancels them.
Task<void> use_everything(Reactor& reactor) {
  Pair pair;
  co_await make_pair(reactor, pair);
  std::string text(9, '.');
  auto read = [&]() -> Task<void> { co_await read_exactly(pair.there, text); };
  auto write = [&]() -> Task<void> {
    co_await yield();
    co_await write_all(pair.here, "word by w");
  };
  co_await when_all(read(), write());
  CHECK(text == "word by w");
  std::size_t written = 0;
  auto blocked = write_endlessly(pair.here, written);
  auto given_up = with_timeout(std::chrono::milliseconds(5), std::move(blocked));
  CHECK((co_await as_result(std::move(given_up))).error().code() == Errc::timed_out);
  std::size_t arrived = 0;
  while (arrived < written) arrived += (co_await pair.there.receive()).size();
  CHECK(arrived == written);
  auto nothing = with_timeout(std::chrono::milliseconds(5), pair.there.read_some(text));
  CHECK((co_await as_result(std::move(nothing))).error().code() == Errc::timed_out);
  TcpListener listener = TcpListener::bind(reactor, Address::loopback(0));
  auto nobody = with_timeout(std::chrono::milliseconds(5), listener.accept());
  CHECK((co_await as_result(std::move(nobody))).error().code() == Errc::timed_out);
  co_await pair.here.shutdown_write();
  CHECK(co_await read_to_end(pair.there) == "");
}

TEST_CASE("a ring without a feature does the same by other means, and says which it lacks") {
  for (const std::string off :
       {"multishot", "incremental", "multishot_poll", "multishot_accept", "send", "accept",
        "connect", "defer_taskrun", "multishot,-multishot_poll,-send,-accept,-connect"}) {
    const Environment without("COIL_IO_URING", "-" + off);
    COIL_CONTRACT(reactor);
    CAPTURE(off);
    CHECK(reactor->description().find("not used: ") != std::string::npos);
    CHECK(reactor->description().find(off.substr(0, off.find(','))) != std::string::npos);
    run(*reactor, use_everything(*reactor));
  }
}

}  // namespace
