// Covers: the private receiver.h, acceptor.h and own_requests.h: completions in every order that a
// kernel may give them.
#include <coil/net/tcp.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "scripted_reactor.h"
#include "support/skip.h"

using namespace coil;
using namespace coil::testing;
using coil::detail::OwnRequest;

namespace {

constexpr unsigned more = IORING_CQE_F_MORE;

// A stream on a script, and its far end, which is a real socket.
class Scripted {
 public:
  Scripted() {
    std::string refusal;
    std::unique_ptr<detail::Ring> ring = detail::Ring::open(refusal);
    if (ring == nullptr) {
      note_lack("a script for io_uring", refusal);
      return;
    }
    reactor.emplace(std::move(ring));
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0);
    stream = TcpStream(*reactor, NativeHandle(ends_[0]));
    listener_ = reactor->handles().open(NativeHandle(::dup(0)), HandleKind::listener);
  }
  Scripted(const Scripted&) = delete;
  Scripted& operator=(const Scripted&) = delete;
  ~Scripted() {
    if (!reactor) return;
    stream.close();
    reactor->handles().close(listener_);
    turn(3);
    CHECK(reactor->handles().size() == 0);
    CHECK(reactor->counters().submitted == reactor->counters().completed);
    CHECK(reactor->buffers().held() == 0);
    ::close(ends_[1]);
  }

  // False where there is nothing to script.
  explicit operator bool() const { return reactor && reactor->ring_buffers() != nullptr; }
  HandleSlot& slot() { return *reactor->handles().find(stream.id()); }
  HandleSlot& listener() { return *reactor->handles().find(listener_); }
  void turn(int times = 1) {
    for (int count = 0; count < times; ++count) reactor->iterate();
  }
  void arrives(int size, unsigned flags) {
    reactor->comes(slot(), size, reactor->next_buffer() | flags);
  }
  void sends(const std::string& text) {
    REQUIRE(::send(ends_[1], text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }

  // Each starts a task that notes what it came to.
  void reads_lease() {
    auto body = [this]() -> Task<void> {
      auto lease = co_await as_result(stream.receive());
      got.push_back(lease ? static_cast<int>(lease->size()) : -1);
    };
    begin(body);
  }
  void reads_some(std::size_t size) {
    auto body = [this, size]() -> Task<void> {
      std::array<std::byte, 64> buffer;
      const auto read = co_await as_result(stream.read_some(MutableBytes(buffer).first(size)));
      got.push_back(read ? static_cast<int>(*read) : -1);
    };
    begin(body);
  }
  void polls() {
    using Poll = Await<PollOperation, void, detail::ToNothing>;
    auto body = [this]() -> Task<void> {
      co_await Poll(detail::ToNothing(), *reactor, stream.id(), Direction::read);
      ++polled;
    };
    begin(body);
  }
  void accepts(bool all = true) {
    struct Take {
      int operator()(AcceptOperation&, std::int64_t native) const {
        ::close(static_cast<int>(native));
        return 0;
      }
    };
    using Accept = Await<AcceptOperation, int, Take>;
    auto body = [this, all]() -> Task<void> {
      co_await Accept(Take(), *reactor, listener_, all);
      ++accepted;
    };
    begin(body);
  }
  // Cancels whoever began first and has not ended.
  void cancel_oldest() {
    TaskContext* oldest = nullptr;
    reactor->for_each_root([&](TaskContext& root) {
      if (oldest == nullptr) oldest = &root;
    });
    REQUIRE(oldest != nullptr);
    oldest->cancel();
  }

  std::optional<ScriptedReactor> reactor;
  TcpStream stream;
  std::vector<int> got;  // Sizes of reads; -1 for an error.
  int polled = 0;
  int accepted = 0;

 private:
  template <class Body>
  void begin(Body body) {
    detail::start_root<"scripted">(*reactor, guarded(std::move(body)));
  }
  template <class Body>
  static Task<void> guarded(Body body) {
    try {
      co_await body();
    } catch (const HandleClosed&) {
    }
  }

  std::array<int, 2> ends_ = {};
  HandleId listener_;
};

using Sizes = std::vector<int>;

TEST_CASE("a receive that ends although bytes came is armed again for the next read") {
  Scripted script;
  if (!script) return;
  script.reads_lease();
  script.turn();
  CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::receive);
  script.arrives(5, 0);
  script.turn();
  CHECK(script.got == Sizes{5});
  CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::nothing);
  script.reads_lease();
  script.turn();
  CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::receive);
  script.arrives(7, more);
  script.turn();
  CHECK(script.got == Sizes{5, 7});
}

TEST_CASE("a receive that ends by itself while somebody waits is armed again at once") {
  Scripted script;
  if (!script) return;
  script.reads_lease();
  script.turn();
  for (const int result : {-ECANCELED, -EINTR}) {
    script.reactor->comes(script.slot(), result, 0);
    script.turn();
    CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::receive);
  }
  CHECK(script.got.empty());
  script.arrives(9, more);
  script.turn();
  CHECK(script.got == Sizes{9});
}

TEST_CASE("a receive that found no buffer is armed again once, in the next turn") {
  Scripted script;
  if (!script) return;
  script.reads_lease();
  script.turn();
  if (script.reactor->features().incremental) {
    // The ring that has room for many is tried before that.
    script.reactor->comes(script.slot(), -ENOBUFS, 0);
    script.turn();
    CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::receive);
    CHECK(bool{ScriptedReactor::state(script.slot()).crowded});
  }
  for (int times = 0; times < 3; ++times) {
    script.reactor->comes(script.slot(), -ENOBUFS, 0);
    script.turn();
    CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::nothing);
    script.turn();
    CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::receive);
  }
  script.arrives(4, more);
  script.turn();
  CHECK(script.got == Sizes{4});
}

TEST_CASE("an error or an end that comes with a buffer costs none") {
  Scripted script;
  if (!script) return;
  const std::size_t all = script.reactor->ring_buffers()->available();
  script.reads_lease();
  script.turn();
  script.reactor->comes(script.slot(), -ECONNRESET, IORING_CQE_F_BUFFER);
  script.turn();
  CHECK(script.got == Sizes{-1});
  CHECK(script.reactor->ring_buffers()->available() == all);
  script.reads_lease();
  script.turn();
  CHECK(script.got == Sizes{-1, 0});  // An error is told once.
}

TEST_CASE("what came before the end is read first, and then the end or the error") {
  for (const int last : {0, -ECONNRESET}) {
    Scripted script;
    if (!script) return;
    script.reads_lease();
    script.turn();
    script.arrives(1, more);
    script.arrives(2, more);
    script.arrives(3, more);
    script.reactor->comes(script.slot(), last, 0);
    script.turn();
    CHECK(script.got == Sizes{1});
    for (int reads = 0; reads < 3; ++reads) {
      script.reads_some(4);
      script.turn();
    }
    script.reads_lease();
    script.turn();
    CHECK(script.got == Sizes{1, 4, 1, last == 0 ? 0 : -1, 0});
  }
}

TEST_CASE("a socket that would not wait is polled from then on") {
  Scripted script;
  if (!script) return;
  script.reads_some(8);
  script.turn();
  script.reactor->comes(script.slot(), -EAGAIN, 0);
  script.turn();
  CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::poll);
  script.sends("hello");
  script.reactor->comes(script.slot(), POLLIN, more);
  script.turn();
  CHECK(script.got == Sizes{5});
  // It stays so, however small what comes is.
  for (int times = 0; times < 40; ++times) {
    script.sends("x");
    script.reactor->comes(script.slot(), POLLIN, more);
    script.reads_some(8);
    script.turn();
  }
  CHECK(script.got.size() == 41);
  CHECK(ScriptedReactor::armed(script.slot()) == OwnRequest::poll);
  const bool ending = ScriptedReactor::state(script.slot()).ending;
  CHECK_FALSE(ending);
}

TEST_CASE("whoever waits for a stream to be readable hears of what a read has left over") {
  Scripted script;
  if (!script) return;
  script.polls();
  script.reads_some(4);
  script.turn();
  script.arrives(10, more);
  script.turn(2);
  CHECK(script.got == Sizes{4});
  CHECK(script.polled == 1);
  script.polls();
  script.turn();
  CHECK(script.polled == 2);
}

TEST_CASE("bytes that come when the stream is being closed make its close a reset") {
  Scripted script;
  if (!script) return;
  script.reads_lease();
  script.turn();
  HandleSlot& slot = script.slot();
  script.arrives(3, more);
  script.stream.close();
  script.turn();
  const bool resets = slot.linger_zero;
  CHECK(resets);
  CHECK(script.got == Sizes{-1});
}

TEST_CASE("an accept that ends goes on for everybody who still waits") {
  Scripted script;
  if (!script || !script.reactor->features().multishot_accept) return;
  for (const unsigned flags : {more, 0U, 0U, more}) {
    script.accepts();
    script.accepts();
    script.turn();
    const int before = script.accepted;
    for (int each = 1; each <= 2; ++each) {
      REQUIRE(ScriptedReactor::armed(script.listener()) == OwnRequest::accept);
      script.reactor->comes(script.listener(), ::dup(0), flags);
      script.turn();
      CHECK(script.accepted == before + each);
    }
  }
}

TEST_CASE("without descriptors every accept waits, also when the one that was told gives up") {
  Scripted script;
  if (!script || !script.reactor->features().multishot_accept) return;
  script.accepts();
  script.accepts();
  script.turn();
  for (int each = 0; each < 2; ++each) {
    REQUIRE(ScriptedReactor::armed(script.listener()) == OwnRequest::accept);
    script.reactor->comes(script.listener(), -EMFILE, 0);
    script.turn();
  }
  CHECK(ScriptedReactor::armed(script.listener()) == OwnRequest::nothing);  // No spinning.
  script.cancel_oldest();
  // The scripted clock runs on with every look at it, and the retry comes.
  for (int turns = 0; turns < 300; ++turns) script.turn();
  REQUIRE(ScriptedReactor::armed(script.listener()) == OwnRequest::accept);
  script.reactor->comes(script.listener(), ::dup(0), more);
  script.turn();
  CHECK(script.accepted == 1);
}

TEST_CASE("a kernel that cannot accept ahead, or a listener that does not wait, is polled") {
  for (const int refusal : {-EINVAL, -EAGAIN}) {
    Scripted script;
    if (!script || !script.reactor->features().multishot_accept) return;
    script.accepts();
    script.accepts();
    script.turn();
    script.reactor->comes(script.listener(), refusal, 0);
    script.turn();
    // Nobody is left to a request that is not there, and nothing is tried in a circle.
    CHECK(ScriptedReactor::armed(script.listener()) == OwnRequest::nothing);
    CHECK(script.listener().in_flight.find_if(Direction::read, [](const Operation& op) {
      return op.backend_state == detail::on_slot;
    }) == nullptr);
  }
}

TEST_CASE("connections that one listener keeps make no other one accept ahead") {
  Scripted script;
  if (!script || !script.reactor->features().multishot_accept) return;
  const HandleId other =
      script.reactor->handles().open(NativeHandle(::dup(0)), HandleKind::listener);
  script.accepts();
  script.turn();
  script.reactor->comes(script.listener(), ::dup(0), more);
  script.reactor->comes(script.listener(), ::dup(0), more);
  script.turn();
  CHECK(script.accepted == 1);
  {
    AcceptOperation one(*script.reactor, other, false);
    CHECK_FALSE(script.reactor->serves_ahead(one, *script.reactor->handles().find(other)));
  }
  script.reactor->handles().close(other);
  // What was kept goes to the next accept, whichever way that asks.
  script.accepts(false);
  script.turn();
  CHECK(script.accepted == 2);
}

}  // namespace
