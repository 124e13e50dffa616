// What the combinators of Deferreds share: their inputs, watched and cancelled together.
#pragma once

#include <coil/runtime/deferred.h>

#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

namespace coil::detail {

// Lives in the steps that it adds to its inputs, and names them without owning them: whoever is
// going to fire an input owns it, and if nobody is, everything may go.
class WatchedInputs {
 public:
  explicit WatchedInputs(std::size_t count) : inputs_(count, nullptr) {}
  WatchedInputs(const WatchedInputs&) = delete;
  WatchedInputs& operator=(const WatchedInputs&) = delete;

  // Calls arrived(index, result) on `self` for each input when it has one; what that returns is
  // left in the input, or nothing.
  template <class T, class Combinator>
  static void watch(const std::shared_ptr<Combinator>& self, std::vector<Deferred<T>>& inputs) {
    // The first one may decide, and cancel those that are still to be watched.
    for (std::size_t index = 0; index < inputs.size(); ++index) {
      self->inputs_[index] = inputs[index].link_.get();
    }
    for (std::size_t index = 0; index < inputs.size(); ++index) {
      inputs[index].link_->add(
          [membership = Membership<Combinator>(self, index)](DeferredLink<T>& link) mutable {
            if (auto left = membership.arrived(link.take())) link.adopt(*std::move(left));
            return static_cast<DeferredLinkBase*>(nullptr);
          });
    }
  }
  // Cancels those that have no result yet. True if they are going to have one, some of them later.
  bool cancel_all() noexcept;

  // Makes a Deferred that cancels what `inputs` watch, for as long as any of them is alive, and
  // then waits for what comes of that.
  template <class Result, class Combinator>
  static Deferred<Result> cancelled_together(const std::shared_ptr<Combinator>& inputs,
                                             std::source_location site) {
    Deferred<Result> all(site);
    // The link owns what it calls.
    auto cancel = [link = all.link_.get(), weak = std::weak_ptr<Combinator>(inputs)] {
      const auto alive = weak.lock();
      if (alive && alive->cancel_all()) link->set_cancelled_later();
    };
    all.link_->set_canceller(std::move(cancel));
    return all;
  }

 private:
  // One input's place; it ends with the step, whether that has run or not.
  template <class Combinator>
  class Membership {
   public:
    Membership(std::shared_ptr<Combinator> owner, std::size_t index) noexcept
        : owner_(std::move(owner)), index_(index) {}
    Membership(Membership&&) noexcept = default;
    Membership& operator=(Membership&&) = delete;
    ~Membership() {
      if (owner_ != nullptr) owner_->inputs_[index_] = nullptr;
    }
    template <class T>
    auto arrived(Result<T> result) {
      owner_->inputs_[index_] = nullptr;
      return owner_->arrived(index_, std::move(result));
    }

   private:
    std::shared_ptr<Combinator> owner_;
    std::size_t index_;
  };

  std::vector<DeferredLinkBase*> inputs_;  // Null once the input has its result or has gone.
};

}  // namespace coil::detail
