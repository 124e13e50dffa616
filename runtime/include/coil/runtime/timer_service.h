// TimerService: calls a function again and again, from its start to its stop.
#pragma once

#include <coil/runtime/service.h>
#include <coil/runtime/time_point.h>
#include <coil/runtime/trigger.h>

#include <memory>
#include <string>

namespace coil {

// TimerService: a service that calls a function at once and then after every `step`.
//
// Example (tests/examples/service_example.cpp, "timer"):
//
//   auto statistics = std::make_shared<TimerService>(
//       std::chrono::seconds(10), [&] { std::printf("%d connections\n", connections); });
//   statistics->setServiceParent(root);
//
// Requires:   `step` is not negative. The function does not wait for the stop of its own service.
// Guarantees: Calls never overlap: a function that gives something to await has ended before it is
//             called again, and the moments that have passed meanwhile are left out. stopService
//             waits for the running call, which it does not cancel.
// Errors:     std::invalid_argument for a negative step. A function that fails is logged, and is
//             not called again.
// Source:     Twisted's TimerService.
class TimerService : public Service {
 public:
  TimerService(Duration step, Trigger call);
  ~TimerService() override;

  Task<void> startService() override;
  Task<void> stopService() override;

 private:
  class Calls;

  Duration step_;
  std::shared_ptr<Trigger> call_;
  std::shared_ptr<Calls> calls_;  // While it runs.
};

}  // namespace coil
