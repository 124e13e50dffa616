// Setting up a ring, or saying why there is none.
#include "ring.h"

#include "send_batch.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define COIL_TSAN_ACQUIRE(address) __tsan_acquire(address)
#define COIL_TSAN_RELEASE(address) __tsan_release(address)
#endif
#endif
#if !defined(COIL_TSAN_ACQUIRE)
#define COIL_TSAN_ACQUIRE(address) static_cast<void>(address)
#define COIL_TSAN_RELEASE(address) static_cast<void>(address)
#endif

namespace coil::detail {

namespace {

// The thread sanitizer does not see how liburing maps and unmaps: a ring where another thread's has
// been is the same memory to it. So the end of a ring happens before the next one begins.
char ended_rings = 0;

constexpr unsigned entries = 1024;
constexpr unsigned entries_min = 64;
constexpr unsigned completions_per_entry = 4;

struct Switch {
  std::string_view name;
  bool RingFeatures::* feature;
};
constexpr std::array<Switch, 9> switches = {{
    {"multishot", &RingFeatures::multishot},
    {"incremental", &RingFeatures::incremental},
    {"multishot_poll", &RingFeatures::multishot_poll},
    {"multishot_accept", &RingFeatures::multishot_accept},
    {"send", &RingFeatures::send},
    {"batched_send", &RingFeatures::batched_send},
    {"accept", &RingFeatures::accept},
    {"connect", &RingFeatures::connect},
    {"defer_taskrun", &RingFeatures::defer_taskrun},
}};

RingFeatures features_from_environment() {
  RingFeatures features;
  const char* value = std::getenv("COIL_IO_URING");
  std::string_view rest = value == nullptr ? "" : value;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    bool known = false;
    for (const Switch& entry : switches) {
      if (word.size() > 1 && word.front() == '-' && word.substr(1) == entry.name) {
        features.*entry.feature = false;
        known = true;
      }
    }
    if (!known && !word.empty()) {
      std::fprintf(stderr, "coil: COIL_IO_URING: '%.*s' is no feature that can be switched off\n",
                   static_cast<int>(word.size()), word.data());
    }
  }
  return features;
}

}  // namespace

std::string explain_refusal(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "the sandbox forbids it (a seccomp filter, or the sysctl kernel.io_uring_disabled)";
    case ENOSYS:
      return "the kernel has no io_uring (Linux 5.11 or newer is needed)";
    case ENOMEM:
      return "no memory may be locked for it (raise RLIMIT_MEMLOCK: ulimit -l)";
    case EMFILE:
    case ENFILE:
      return "there is no descriptor left for it (raise ulimit -n)";
    default:
      return "io_uring_setup failed: " + std::system_category().message(error);
  }
}

std::string RingFeatures::switched_off() const {
  std::string words;
  for (const Switch& entry : switches) {
    if (this->*entry.feature) continue;
    words += (words.empty() ? "" : ", ") + std::string(entry.name);
  }
  return words;
}

std::unique_ptr<BufferRing> Ring::open_buffers(BufferRing::Filling filling, BufferPool& pool) {
  bool& wanted =
      filling == BufferRing::Filling::whole ? features_.multishot : features_.incremental;
  wanted = wanted && features_.multishot;
  if (!wanted) return nullptr;
  std::unique_ptr<BufferRing> buffers = BufferRing::open(ring_, filling, pool);
  wanted = buffers != nullptr && try_multishot(*buffers);
  if (!wanted) buffers.reset();
  return buffers;
}

std::unique_ptr<Ring> Ring::open(std::string& refusal) {
  std::unique_ptr<Ring> ring(new Ring());
  ring->features_ = features_from_environment();
  if (!ring->set_up(refusal) || !ring->probe(refusal) || !ring->self_test(refusal)) return nullptr;
  return ring;
}

Ring::~Ring() {
  if (!open_) return;
  COIL_TSAN_RELEASE(&ended_rings);
  io_uring_queue_exit(&ring_);
}

// The best flags first: completions are then posted only when this thread asks for them.
bool Ring::set_up(std::string& refusal) noexcept {
  const unsigned best = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  const std::array<unsigned, 3> choices = {features_.defer_taskrun ? best : 0U,
                                           IORING_SETUP_COOP_TASKRUN, 0U};
  int error = 0;
  for (const unsigned flags : choices) {
    for (unsigned size = entries; size >= entries_min; size /= 2) {
      io_uring_params params = {};
      params.flags = flags | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
      params.cq_entries = size * completions_per_entry;
      error = -io_uring_queue_init_params(size, &ring_, &params);
      if (error == 0) {
        COIL_TSAN_ACQUIRE(&ended_rings);
        open_ = true;
        setup_flags_ = flags;
        features_.defer_taskrun = (flags & IORING_SETUP_DEFER_TASKRUN) != 0;
        io_uring_ring_dontfork(&ring_);
        if ((params.features & IORING_FEAT_EXT_ARG) != 0) return true;
        refusal = "the kernel's io_uring is too old (Linux 5.11 or newer is needed)";
        return false;
      }
      if (error != ENOMEM) break;
    }
    if (error != EINVAL) break;
  }
  refusal = explain_refusal(error);
  return false;
}

bool Ring::probe(std::string& refusal) noexcept {
  io_uring_probe* found = io_uring_get_probe_ring(&ring_);
  if (found == nullptr) {
    refusal = "the kernel does not tell which operations its io_uring has";
    return false;
  }
  auto has = [&](int opcode) { return io_uring_opcode_supported(found, opcode) != 0; };
  features_.multishot = features_.multishot && has(IORING_OP_RECV);
  features_.send = features_.send && has(IORING_OP_SEND);
  features_.batched_send = features_.batched_send && features_.send && features_.defer_taskrun;
  features_.accept = features_.accept && has(IORING_OP_ACCEPT);
  features_.connect = features_.connect && has(IORING_OP_CONNECT);
  const bool needed = has(IORING_OP_POLL_ADD) && has(IORING_OP_ASYNC_CANCEL);
  io_uring_free_probe(found);
  if (!needed) refusal = "the kernel's io_uring lacks poll or cancel";
  return needed;
}

io_uring_sqe& Ring::entry_of_full_queue() noexcept {
  submit();
  return *io_uring_get_sqe(&ring_);
}

// This frees the queue, unless the completion queue is full: then reaping comes first, and the
// kernel holds back what overflows until it does.
void Ring::submit() noexcept {
  while (unsubmitted() != 0) {
    if (io_uring_submit(&ring_) <= 0) io_uring_get_events(&ring_);
  }
  tell_batch();
}

io_uring_sqe& Ring::entry_of_many() noexcept {
  if (batch_ != nullptr) batch_->pause();
  return entry();
}

inline void Ring::tell_batch() noexcept {
  if (batch_ != nullptr) batch_->on_submitted();
}

bool Ring::has_room_for_failures() const noexcept {
  const bool overflows = (IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0;
  return !overflows && ready() + ring_.sq.ring_entries <= ring_.cq.ring_entries;
}

void Ring::enter(std::optional<Duration> at_most) noexcept {
  wait(at_most);
  tell_batch();
}

// Always asks for what has come: liburing's waits do not where completions of an earlier submission
// lie there, and others would starve behind one that is ready again and again.
void Ring::wait(std::optional<Duration> at_most) noexcept {
  if (ready() != 0 || (at_most && *at_most <= Duration::zero())) {
    io_uring_submit_and_get_events(&ring_);
    return;
  }
  __kernel_timespec limit = {};
  if (at_most) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*at_most);
    limit.tv_sec = seconds.count();
    limit.tv_nsec = (*at_most - seconds).count();
  }
  io_uring_cqe* first = nullptr;
  io_uring_submit_and_wait_timeout(&ring_, &first, 1, at_most ? &limit : nullptr, nullptr);
}

std::string Ring::flags() const {
  if ((setup_flags_ & IORING_SETUP_DEFER_TASKRUN) != 0) return "single issuer, deferred task run";
  if ((setup_flags_ & IORING_SETUP_COOP_TASKRUN) != 0) return "cooperative task run";
  return "no set-up flags";
}

}  // namespace coil::detail
