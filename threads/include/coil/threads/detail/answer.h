// Answer: a result that a thread sleeps for. Included by defer_to_thread.h only.
#pragma once

#include <coil/runtime/detail/thread_lock.h>
#include <coil/runtime/result.h>

#include <condition_variable>
#include <memory>
#include <optional>
#include <utility>

namespace coil::detail {

template <class T>
class Answer {
 public:
  Answer() noexcept {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void give(Result<T> result) noexcept {
    const ThreadLock lock(mutex_);
    result_.emplace(std::move(result));
    given_.notify_one();
  }
  Result<T> wait() {
    const ThreadLock lock(mutex_);
    while (!result_) mutex_.wait(given_);
    return std::move(*result_);
  }

 private:
  ThreadMutex mutex_;
  std::condition_variable given_;
  std::optional<Result<T>> result_ ABSL_GUARDED_BY(mutex_);
};

// The duty to answer, which travels with the call: if it gets lost with what carries it, as when
// the reactor ends, the answer is ReactorStopped.
template <class T>
class AnswerDuty {
 public:
  explicit AnswerDuty(std::shared_ptr<Answer<T>> answer) noexcept : answer_(std::move(answer)) {}
  AnswerDuty(AnswerDuty&&) noexcept = default;
  AnswerDuty& operator=(AnswerDuty&&) = delete;
  ~AnswerDuty() {
    if (answer_ == nullptr) return;
    answer_->give(Error(make_error_code(Errc::reactor_stopped), "blockingCallFromThread"));
  }
  void give(Result<T> result) noexcept { std::exchange(answer_, nullptr)->give(std::move(result)); }

 private:
  std::shared_ptr<Answer<T>> answer_;
};

}  // namespace coil::detail
