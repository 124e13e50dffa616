// TokenBucket: bytes per second, for one connection or shared by many.
#pragma once

#include <coil/runtime/reactor_time.h>
#include <coil/runtime/time_point.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace coil {

// TokenBucket: says when a rate allows more, after what was used of it.
//
// Example (tests/examples/wrapper_example.cpp, "shaping"):
//
//   auto whole = std::make_shared<TokenBucket>(reactor, 1'000'000);
//   auto mail = std::make_shared<TokenBucket>(reactor, 300'000, whole);
//   mail->spend(600'000);                      // A second of its own rate was saved up …
//   co_await reactor.callLater(mail->wait());   // … and one second is to be waited for.
//
// Requires:   `time` outlives the bucket.
// Guarantees: A rate that was not used for a while allows one second's worth at once, no more. What
//             was used beyond it is waited for, so that the rate holds in the long run, whatever
//             the sizes. What is used of a bucket is used of its parent's rate as well.
// Errors:     std::invalid_argument for a rate of zero.
// Source:     The token buckets of Twisted's htb, for which a parent is a bucket's drip.
class TokenBucket {
 public:
  TokenBucket(ReactorTime& time, std::uint64_t bytes_per_second,
              std::shared_ptr<TokenBucket> parent = nullptr);
  TokenBucket(const TokenBucket&) = delete;
  TokenBucket& operator=(const TokenBucket&) = delete;

  // Uses the rate, also beyond what it allows now.
  void spend(std::size_t bytes);
  // How long to wait before more is used; zero for not at all.
  Duration wait() const noexcept;

 private:
  ReactorTime& time_;
  std::uint64_t bytes_per_second_;
  std::shared_ptr<TokenBucket> parent_;
  TimePoint paid_until_;  // The moment at which the rate has made good what was used.
};

}  // namespace coil
