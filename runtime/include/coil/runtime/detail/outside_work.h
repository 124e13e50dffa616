// OutsideWork: what a reactor's stop has to wait for besides its tasks.
#pragma once

namespace coil {
class StopReport;
}

namespace coil::detail {

// Work that goes on outside the loop and belongs to one reactor. A module above installs it on the
// reactor; the stop, and the reactor's destructor, turn the loop until it is idle or the deadline
// has passed.
class OutsideWork {
 public:
  OutsideWork() noexcept {}
  OutsideWork(const OutsideWork&) = delete;
  OutsideWork& operator=(const OutsideWork&) = delete;
  virtual ~OutsideWork() = default;

  // True if nothing is under way. If not, the loop is woken when that has changed.
  virtual bool idle() noexcept = 0;
  // Leaves what is under way to itself, and tells what it is.
  virtual void leave(StopReport& report) noexcept = 0;
};

}  // namespace coil::detail
