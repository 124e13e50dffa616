// Bytes per second, as the moment at which what was used is paid for.
#include <coil/net/token_bucket.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace coil {

namespace {

// What an unused rate saves up.
constexpr Duration burst = std::chrono::seconds(1);

}  // namespace

TokenBucket::TokenBucket(ReactorTime& time, std::uint64_t bytes_per_second,
                         std::shared_ptr<TokenBucket> parent)
    : time_(time),
      bytes_per_second_(bytes_per_second),
      parent_(std::move(parent)),
      paid_until_(time.now() - burst) {
  if (bytes_per_second == 0) throw std::invalid_argument("TokenBucket: the rate is zero");
}

void TokenBucket::spend(std::size_t bytes) {
  // Rounded up, or many small pieces would cost nothing.
  const auto whole = std::chrono::seconds(bytes / bytes_per_second_);
  const auto rest = static_cast<double>(bytes % bytes_per_second_);
  const double rest_ns = std::ceil(rest * 1e9 / static_cast<double>(bytes_per_second_));
  const auto cost = whole + std::chrono::nanoseconds(static_cast<std::int64_t>(rest_ns));
  paid_until_ = std::max(paid_until_, time_.now() - burst) + cost;
  if (parent_ != nullptr) parent_->spend(bytes);
}

Duration TokenBucket::wait() const noexcept {
  const Duration own = std::max(paid_until_ - time_.now(), Duration::zero());
  return parent_ == nullptr ? own : std::max(own, parent_->wait());
}

}  // namespace coil
