// Covers: the private send_batch.h, and outgoing.h: sends of which only failures are told.
#include <coil/runtime/detail/outgoing.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "reactors/io_uring/send_batch.h"
#include "scripted_reactor.h"
#include "support/skip.h"

using namespace coil;
using namespace coil::testing;

namespace {

class Told final : public detail::OutgoingSender {
 public:
  void not_sent(std::int64_t result, ConstBytes rest) noexcept override {
    outcomes.push_back(result);
    text += as_text(rest);
  }
  std::vector<std::int64_t> outcomes;
  std::string text;
};

// A batch on a ring of its own, and a stream with a far end that is a real socket.
class Batched {
 public:
  Batched() {
    std::string refusal;
    ring = detail::Ring::open(refusal);
    std::unique_ptr<detail::Ring> another = detail::Ring::open(refusal);
    if (ring == nullptr || another == nullptr || !ring->features().batched_send) {
      note_lack("sends in batches", refusal.empty() ? "the kernel lacks them" : refusal);
      return;
    }
    handles_.emplace(std::move(another));
    batch.emplace(*ring, outgoing);
    ring->serve(*batch);
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0);
    const int least = 0;
    REQUIRE(::setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least) == 0);
    id_ = handles_->handles().open(NativeHandle(ends_[0]), HandleKind::stream);
  }
  Batched(const Batched&) = delete;
  Batched& operator=(const Batched&) = delete;
  ~Batched() {
    if (!batch) return;
    handles_->handles().close(id_);
    close_far();
  }

  explicit operator bool() const { return batch.has_value(); }
  HandleSlot& slot() { return *handles_->handles().find(id_); }
  bool in_batch() { return slot().in_batch; }
  bool add(const std::string& text) {
    outgoing.append(text);
    if (!batch->add(slot(), outgoing.message(), told)) return false;
    outgoing.keep();
    return true;
  }
  void submit() {
    ring->submit();
    batch->tell();
  }
  std::string far() {
    std::string text(1 << 20, '.');
    const ssize_t size = ::recv(ends_[1], text.data(), text.size(), MSG_DONTWAIT);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }
  void close_far() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

  std::unique_ptr<detail::Ring> ring;
  detail::Outgoing outgoing;
  std::optional<detail::SendBatch> batch;
  Told told;

 private:
  std::optional<ScriptedReactor> handles_;
  std::array<int, 2> ends_ = {-1, -1};
  HandleId id_;
};

TEST_CASE("of what the kernel took nobody is told, and nothing completes") {
  Batched at;
  if (!at) return;
  REQUIRE(at.add("hello"));
  CHECK(at.in_batch());
  CHECK(at.far() == "");
  at.submit();
  CHECK_FALSE(at.in_batch());
  CHECK(at.far() == "hello");
  CHECK(at.ring->ready() == 0);
  CHECK(at.told.outcomes.empty());
}

TEST_CASE("what the kernel did not take comes back, once, from the first byte on") {
  Batched at;
  if (!at) return;
  std::string written;
  for (char letter = 'a'; at.told.outcomes.empty(); ++letter) {
    REQUIRE(letter <= 'z');
    REQUIRE(at.add(std::string(4000, letter)));
    written += std::string(4000, letter);
    at.submit();
  }
  CHECK(at.told.outcomes == std::vector<std::int64_t>{0});
  std::string arrived = at.far();
  CHECK(arrived.size() < written.size());
  CHECK(arrived + at.told.text == written);
  // The kernel's word of it is still in the queue, and means nothing any more.
  REQUIRE(at.add("more"));
  at.submit();
  CHECK(at.told.outcomes.size() == 1);
  CHECK(at.far() == "more");
  detail::Completion left;
  REQUIRE(at.ring->next(left));
  CHECK(left.data == detail::ignored);
}

TEST_CASE("a peer that has gone is told as an error, without bytes") {
  Batched at;
  if (!at) return;
  at.close_far();
  REQUIRE(at.add("hello"));
  at.submit();
  CHECK(at.told.outcomes == std::vector<std::int64_t>{outcome::from_system_error(EPIPE)});
  CHECK(at.told.text.empty());
}

TEST_CASE("nothing joins a batch until its senders know, nor while a failure might find no place") {
  Batched at;
  if (!at) return;
  at.close_far();
  REQUIRE(at.add("hello"));
  at.ring->submit();
  CHECK_FALSE(at.add("too early"));
  at.outgoing.drop();
  at.batch->tell();
  CHECK(at.add("again"));
  at.submit();
  CHECK(at.told.outcomes.size() == 2);
  // As many completions as leave less room than the queue has entries.
  for (int count = 0; count < 3500; ++count) io_uring_prep_nop(&at.ring->entry());
  at.ring->submit();
  CHECK_FALSE(at.add("no room"));
  at.outgoing.drop();
  for (detail::Completion each; at.ring->next(each);) {
  }
  at.ring->submit();
  CHECK(at.add("room"));
  at.submit();
}

// The kernel stops at an entry that it cannot read, and has carried out those before it.
TEST_CASE("a failure is noted though the kernel took a part of the entries only") {
  Batched at;
  if (!at) return;
  at.close_far();
  REQUIRE(at.add("one"));
  io_uring_sqe& wrong = at.ring->entry();
  io_uring_prep_nop(&wrong);
  wrong.opcode = 255;
  REQUIRE(at.add("two"));
  at.ring->enter(Duration::zero());
  CHECK(at.ring->unsubmitted() == 1);
  CHECK(at.told.outcomes.empty());
  at.ring->for_each_ready([](io_uring_cqe& completion) {
    CHECK(detail::request_of(completion.user_data) != detail::OwnRequest::batched_send);
  });
  at.submit();
  CHECK(at.told.outcomes == std::vector<std::int64_t>(2, outcome::from_system_error(EPIPE)));
}

TEST_CASE("what may complete many times is submitted neither with a batch nor before one") {
  Batched at;
  if (!at) return;
  REQUIRE(at.add("hello"));
  io_uring_prep_nop(&at.ring->entry_of_many());
  CHECK(at.far() == "hello");
  CHECK(at.ring->unsubmitted() == 1);
  CHECK_FALSE(at.add("too early"));
  at.outgoing.drop();
  at.submit();
  CHECK(at.add("again"));
  at.submit();
  CHECK(at.far() == "again");
}

TEST_CASE("a message that has begun moves to the front when those before it have gone") {
  Batched at;
  if (!at) return;
  REQUIRE(at.add("first"));
  at.outgoing.append("sec");
  at.submit();
  at.outgoing.append("ond");
  CHECK(as_text(at.outgoing.message()) == "second");
  const std::string large(detail::Outgoing::capacity, 'x');
  CHECK_FALSE(at.outgoing.append(large));
  CHECK(as_text(at.outgoing.message()) == "second");
  at.outgoing.drop();
  CHECK(at.outgoing.append(large));
  at.outgoing.drop();
}

}  // namespace
