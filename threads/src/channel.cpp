// Which reactor an end of a channel belongs to.
#include <coil/threads/detail/channel_state.h>

namespace coil::detail {

void ChannelEnd::bind(Reactor& reactor) {
  Reactor* owner = reactor_.load(std::memory_order_relaxed);
  if (owner == &reactor) return;
  if (owner != nullptr || !reactor_.compare_exchange_strong(owner, &reactor)) {
    contract_violation("an end of a channel was awaited on two reactors: give each its own");
  }
  ReactorEnds::of(reactor)->add(shared_from_this());
}

}  // namespace coil::detail
