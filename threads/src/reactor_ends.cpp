// The end of a reactor, told to whoever watches it.
#include <coil/threads/detail/reactor_ends.h>

#include <algorithm>
#include <utility>

namespace coil::detail {

std::shared_ptr<ReactorEnds> ReactorEnds::of(Reactor& reactor) {
  if (std::shared_ptr<ReactorEnds> known = reactor.find<ReactorEnds>()) return known;
  auto made = std::make_shared<ReactorEnds>(reactor);
  auto tell = [weak = std::weak_ptr<ReactorEnds>(made)] {
    if (const auto ends = weak.lock()) ends->end();
  };
  reactor.addSystemEventTrigger(Phase::during, "shutdown", Trigger(std::move(tell)));
  reactor.install(made);
  return made;
}

void ReactorEnds::add(const std::shared_ptr<EndWatch>& watch) {
  if (ended_) {
    watch->reactor_ended(reactor_);
    return;
  }
  if (watches_.size() >= sweep_at_) {
    std::erase_if(watches_, [](const auto& entry) { return entry.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * watches_.size());
  }
  watches_.push_back(watch);
}

void ReactorEnds::end() noexcept {
  ended_ = true;
  for (const std::weak_ptr<EndWatch>& entry : std::exchange(watches_, {})) {
    if (const auto watch = entry.lock()) watch->reactor_ended(reactor_);
  }
}

}  // namespace coil::detail
