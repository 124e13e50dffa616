// DeferredSemaphore: granting tokens in the order of the line.
#include <coil/runtime/deferred_lock.h>

namespace coil {

Deferred<void> DeferredSemaphore::State::acquire(const std::shared_ptr<State>& self) {
  if (self->tokens == 0 || !self->line.empty()) return self->line.join();
  --self->tokens;
  return succeed();
}

// What is granted may release at once: the outermost call grants for all, so that the stack does
// not grow with the line. The semaphore may be destroyed meanwhile.
void DeferredSemaphore::State::release(std::shared_ptr<State> self) {
  if (self->tokens == self->limit) {
    throw std::logic_error("release: every token was given back already");
  }
  ++self->tokens;
  if (std::exchange(self->granting, true)) return;
  while (self->tokens > 0 && !self->line.empty()) {
    --self->tokens;
    self->line.next().callback();
  }
  self->granting = false;
}

}  // namespace coil
