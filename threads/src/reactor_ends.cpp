// The end of a reactor, told to whoever watches it.
#include <coil/threads/detail/reactor_ends.h>

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
  } else {
    watches_.add(watch);
  }
}

void ReactorEnds::end() noexcept {
  ended_ = true;
  watches_.tell_all([this](EndWatch& watch) { watch.reactor_ended(reactor_); });
}

}  // namespace coil::detail
