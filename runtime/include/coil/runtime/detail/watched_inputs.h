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
    for (std::size_t index = 0; index < inputs.size(); ++index) {
      LinkRef<T> input = inputs[index].link_;
      self->inputs_[index] = input.get();
      input->add([membership = Membership<Combinator>(self, index)](DeferredLink<T>& link) mutable {
        if (auto left = membership.arrived(link.take())) link.adopt(*std::move(left));
        return static_cast<DeferredLinkBase*>(nullptr);
      });
    }
  }
  // Cancels those that have no result yet; true if some of them end later.
  bool cancel_all() noexcept;
  // A Deferred whose cancel() cancels the inputs of `self`, for as long as any of them is alive,
  // and which then waits for those that end later.
  template <class Result, class Combinator>
  static Deferred<Result> combined(const std::shared_ptr<Combinator>& self,
                                   std::source_location site) {
    Deferred<Result> all(site);
    DeferredLink<Result>* const link = all.link_.get();  // It owns its canceller.
    link->set_canceller([weak = std::weak_ptr<Combinator>(self), link] {
      const auto alive = weak.lock();
      if (alive != nullptr && alive->cancel_all()) link->set_cancelled_later();
    });
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
