// Covers: the private buffer_ring.h: which buffer a completion is about, and when it goes back.
#include "reactors/io_uring/buffer_ring.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/dies.h"
#include "support/skip.h"
#include "support/test_options.h"

using namespace coil;
using namespace coil::testing;
using coil::detail::BufferRing;
using Filling = BufferRing::Filling;

namespace {

constexpr unsigned buffer_more = 1U << 4;  // IORING_CQE_F_BUF_MORE

unsigned flags_of(std::size_t buffer, unsigned flags = 0) {
  return IORING_CQE_F_BUFFER | flags | static_cast<unsigned>(buffer << IORING_CQE_BUFFER_SHIFT);
}

// A ring of its own with its buffers, and a connection that fills them.
class Filled {
 public:
  explicit Filled(Filling filling) {
    if (const int error = ::io_uring_queue_init(64, &ring_, 0); error != 0) {
      note_lack("buffers of a ring", "there is no ring");
      return;
    }
    open_ = true;
    buffers = BufferRing::open(ring_, filling, pool);
    if (buffers == nullptr) note_lack("buffers of a ring", "the kernel lacks this filling");
  }
  Filled(const Filled&) = delete;
  Filled& operator=(const Filled&) = delete;
  ~Filled() {
    CHECK(pool.held() == 0);
    buffers.reset();
    if (open_) ::io_uring_queue_exit(&ring_);
    close_ends();
  }

  explicit operator bool() const noexcept { return buffers != nullptr; }

  // A new connection, and a receive that goes on.
  void connect() {
    close_ends();
    std::array<int, 2> ends = {};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    ends_ = ends;
    arm();
  }
  void sends(std::string_view bytes) {
    const ssize_t sent = ::send(ends_->at(1), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    REQUIRE(sent == static_cast<ssize_t>(bytes.size()));
  }
  void ends() { ::shutdown(ends_->at(1), SHUT_WR); }

  // The lease of the next completion; nothing at the end of the stream. A receive that found no
  // buffer is tried again.
  std::optional<BufferLease> receives() {
    for (;;) {
      io_uring_cqe* entry = nullptr;
      REQUIRE(::io_uring_submit_and_wait_timeout(&ring_, &entry, 1, nullptr, nullptr) >= 0);
      const int result = entry->res;
      flags = entry->flags;
      io_uring_cqe_seen(&ring_, entry);
      if (result == -ENOBUFS) {
        arm();
        continue;
      }
      REQUIRE(result >= 0);
      std::optional<BufferLease> lease;
      if ((flags & IORING_CQE_F_BUFFER) != 0) {
        lease = buffers->take(flags, static_cast<std::size_t>(result));
      }
      if (result == 0) return std::nullopt;
      if ((flags & IORING_CQE_F_MORE) == 0) arm();
      return lease;
    }
  }
  // All of the next `size` bytes, in leases that are appended to `held`.
  std::string receives(std::size_t size, std::vector<BufferLease>& held) {
    std::string text;
    while (text.size() < size) {
      std::optional<BufferLease> lease = receives();
      REQUIRE(lease.has_value());
      text += as_text(lease->bytes());
      held.push_back(std::move(*lease));
    }
    return text;
  }

  BufferPool pool{4, 64};
  std::unique_ptr<BufferRing> buffers;
  unsigned flags = 0;  // Of the last completion.

 private:
  void arm() {
    io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
    ::io_uring_prep_recv_multishot(entry, ends_->at(0), nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = buffers->group();
  }
  void close_ends() {
    if (!ends_) return;
    for (const int end : *ends_) ::close(end);
    ends_.reset();
  }

  io_uring ring_ = {};
  bool open_ = false;
  std::optional<std::array<int, 2>> ends_;
};

std::string pattern(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

constexpr std::array<Filling, 2> both = {Filling::incremental, Filling::whole};

TEST_CASE("leases that end in any order keep their bytes until then, and all buffers come back") {
  for (const Filling filling : both) {
    Filled filled(filling);
    if (!filled) continue;
    const std::size_t all = filled.buffers->available();
    std::mt19937_64 random(test_seed());
    filled.connect();
    std::vector<std::pair<std::string, BufferLease>> held;
    std::size_t fewest = all;
    for (int messages = 0; messages < 3000; ++messages) {
      const std::string sent = pattern(random, 1 + random() % (random() % 4 == 0 ? 50'000 : 500));
      filled.sends(sent);
      std::vector<BufferLease> leases;
      REQUIRE(filled.receives(sent.size(), leases) == sent);
      for (BufferLease& lease : leases) {
        std::string copy(as_text(lease.bytes()));
        held.emplace_back(std::move(copy), std::move(lease));
      }
      fewest = std::min(fewest, filled.buffers->available());
      while (held.size() > random() % 60) {
        auto& [text, lease] = held[random() % held.size()];
        REQUIRE(as_text(lease.bytes()) == text);
        std::swap(held[random() % held.size()], held.back());
        held.pop_back();
      }
    }
    CHECK(fewest < all);           // Some were kept,
    CHECK(fewest >= all / 2 - 1);  // and never so many that receives would run dry.
    held.clear();
    CHECK(filled.buffers->available() >= all - 1);
    CHECK(filled.pool.held() == 0);
  }
}

TEST_CASE("a buffer goes back when it is used up and its last lease has ended, not before") {
  Filled filled(Filling::incremental);
  if (!filled) return;
  const std::size_t all = filled.buffers->available();
  BufferLease first = filled.buffers->take(flags_of(0, buffer_more), 100);
  BufferLease second = filled.buffers->take(flags_of(0, buffer_more), 200);
  CHECK(second.bytes().data() == first.bytes().data() + 100);
  first.release();
  second.release();
  // It is the kernel's still, and goes on where it was.
  BufferLease third = filled.buffers->take(flags_of(0, buffer_more), 50);
  BufferLease last = filled.buffers->take(flags_of(0), 10);
  CHECK(last.bytes().data() == third.bytes().data() + 50);
  CHECK(filled.buffers->available() == all - 1);
  last.release();
  CHECK(filled.buffers->available() == all - 1);
  const std::byte* begin = third.bytes().data() - 300;
  third.release();
  CHECK(filled.buffers->available() == all);
  const BufferLease again = filled.buffers->take(flags_of(0, buffer_more), 1);
  CHECK(again.bytes().data() == begin);
}

TEST_CASE("when half of the buffers are kept, leases are copies") {
  for (const Filling filling : both) {
    Filled filled(filling);
    if (!filled) continue;
    const std::size_t all = filled.buffers->available();
    std::vector<BufferLease> held;
    for (std::size_t buffer = 0; buffer < all; ++buffer) {
      held.push_back(filled.buffers->take(flags_of(buffer), 10));
    }
    CHECK(filled.pool.held() == all / 2);
    CHECK(filled.buffers->available() == all - all / 2);
    // A copy needs nobody to take it back.
    held.resize(all / 2);
    CHECK(filled.buffers->available() == all - all / 2);
    held.clear();
    CHECK(filled.buffers->available() == all);
  }
}

TEST_CASE("the end of a stream takes no buffer along, and the next stream goes on behind it") {
  for (const Filling filling : both) {
    Filled filled(filling);
    if (!filled) continue;
    const std::size_t all = filled.buffers->available();
    std::mt19937_64 random(test_seed());
    std::vector<BufferLease> held;
    std::string expected;
    for (int streams = 0; streams < 200; ++streams) {
      filled.connect();
      const std::string sent = pattern(random, 1 + random() % 1000);
      filled.sends(sent);
      REQUIRE(filled.receives(sent.size(), held) == sent);
      expected += sent;
      filled.ends();
      REQUIRE_FALSE(filled.receives().has_value());
    }
    std::string found;
    for (const BufferLease& lease : held) found += as_text(lease.bytes());
    CHECK(found == expected);
    held.clear();
    CHECK(filled.buffers->available() >= all - 1);
  }
}

// Kernels that fill piece by piece may report the buffer at the end of a stream as used up, and yet
// go on in the middle of it.
TEST_CASE("a completion without bytes uses up no buffer that is filled piece by piece") {
  Filled filled(Filling::incremental);
  if (!filled) return;
  filled.connect();
  filled.sends("before the end");
  std::vector<BufferLease> held;
  CHECK(filled.receives(14, held) == "before the end");
  const unsigned buffer = filled.flags >> IORING_CQE_BUFFER_SHIFT;
  const std::size_t all = filled.buffers->available();
  CHECK(filled.buffers->take(flags_of(buffer), 0).empty());
  CHECK(filled.buffers->available() == all);
  filled.sends("and after it");
  CHECK(filled.receives(12, held) == "and after it");
  CHECK(as_text(held.front().bytes()) == "before the end");
}

TEST_CASE("an error that comes with a buffer of which one receive uses all gives it back") {
  Filled filled(Filling::whole);
  if (!filled) return;
  const std::size_t all = filled.buffers->available();
  for (std::size_t times = 0; times < 3 * all; ++times) {
    CHECK(filled.buffers->take(flags_of(times % all), 0).empty());
  }
  CHECK(filled.buffers->available() == all);
}

// Each goes through the ring's tail, which is a number of 16 bits.
TEST_CASE("more buffers are given back than the ring's tail can count") {
  for (const Filling filling : both) {
    Filled filled(filling);
    if (!filled) continue;
    const std::size_t all = filled.buffers->available();
    if (filling == Filling::incremental) {
      // As if every receive had filled one to its end: too many bytes to be really sent.
      for (std::size_t times = 0; times < 70'000; ++times) {
        REQUIRE(filled.buffers->take(flags_of(times % all), 64 * 1024).size() == 64 * 1024);
      }
    } else {
      filled.connect();
      for (std::uint32_t times = 0; times < 70'000; ++times) {
        const std::string_view sent(reinterpret_cast<const char*>(&times), sizeof times);
        filled.sends(sent);
        std::optional<BufferLease> lease = filled.receives();
        REQUIRE(lease.has_value());
        REQUIRE(as_text(lease->bytes()) == sent);
      }
    }
    CHECK(filled.buffers->available() == all);
  }
}

TEST_CASE("a message that does not fit the rest of a buffer goes on in the next one") {
  Filled filled(Filling::incremental);
  if (!filled) return;
  std::mt19937_64 random(test_seed());
  filled.connect();
  std::size_t split = 0;
  unsigned buffer = 0;
  for (int messages = 0; messages < 100; ++messages) {
    const std::string sent = pattern(random, 40'000);
    filled.sends(sent);
    std::vector<BufferLease> held;
    REQUIRE(filled.receives(sent.size(), held) == sent);
    const unsigned last = filled.flags >> IORING_CQE_BUFFER_SHIFT;
    split += std::exchange(buffer, last) == last ? 0 : 1;
  }
  CHECK(split >= 60);  // Of 100 messages, whose bytes fill 61 buffers.
}

// Runs `broken` on a fresh ring, in a child.
template <class F>
std::string refused(Filling filling, F broken) {
  return last_words([&] {
    io_uring ring = {};
    BufferPool pool(4, 64);
    if (::io_uring_queue_init(8, &ring, 0) != 0) std::abort();
    const std::unique_ptr<BufferRing> buffers = BufferRing::open(ring, filling, pool);
    if (buffers == nullptr) std::abort();
    broken(*buffers);
  });
}

TEST_CASE("memory that the kernel had not been given ends the program") {
  for (const Filling filling : both) {
    if (!Filled(filling)) continue;
    const std::string twice = refused(filling, [](BufferRing& buffers) {
      const BufferLease first = buffers.take(flags_of(3), 10);
      const BufferLease second = buffers.take(flags_of(3), 10);
    });
    CHECK(twice.find("had not been given") != std::string::npos);
    const std::string beyond = refused(
        filling, [](BufferRing& buffers) { buffers.take(flags_of(buffers.available()), 1); });
    CHECK(beyond.find("had not been given") != std::string::npos);
    const std::string too_long = refused(filling, [](BufferRing& buffers) {
      buffers.take(flags_of(0, buffer_more), 64 * 1024 + 1);
    });
    CHECK(too_long.find("had not been given") != std::string::npos);
  }
}

}  // namespace
