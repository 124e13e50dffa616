// Application: a tree of services as a whole program, from the start to the exit status.
#pragma once

#include <coil/runtime/service.h>
#include <coil/runtime/trigger.h>

#include <memory>
#include <optional>
#include <string>

namespace coil {

// Application: the root of a tree of services, run by a reactor until it stops.
//
// Example (tests/examples/service_example.cpp, "application"):
//
//   Application application("greeting");
//   application.addService(std::make_shared<Greeter>(*reactor));
//   return run_application(*reactor, application);
//
// Guarantees: Every service does its privileged start, then the privileges are dropped, then the
//             services start. When the reactor stops, they stop in reverse, in the `before
//             shutdown` phase; a start that is going on then is cancelled first.
// Source:     Twisted's Application, and the runner of twistd.
class Application {
 public:
  explicit Application(std::string name);

  const std::string& name() const noexcept { return services_->name(); }
  MultiService& services() noexcept { return *services_; }
  Deferred<void> addService(const std::shared_ptr<Service>& child) {
    return services_->addService(child);
  }
  // Sets what gives up the privileges, as setuid does, once nothing needs them any more. A failure
  // ends the start.
  void set_privilege_drop(Trigger drop) { drop_ = std::move(drop); }

  // Runs the reactor with the services; gives the exit status: 1 if a start or a stop failed, which
  // is logged, else 0. A start that fails stops the reactor.
  int run(Reactor& reactor);

 private:
  std::shared_ptr<MultiService> services_;
  std::optional<Trigger> drop_;
};

// Runs the application as all that the program is about: logs a stop that had to be forced, and
// ends as raise_exit_signal says if a signal stopped it; else gives the exit status.
int run_application(Reactor& reactor, Application& application);

// Ends the process by the signal `number`, once everything has been stopped in order, so that the
// parent sees what ended it: a shell then ends its loop on Ctrl-C. Does nothing for 0.
//
// Example (tests/examples/service_example.cpp, "exit signal"):
//
//   reactor->run();
//   const int number = reactor->exit_signal();
//   reactor.reset();
//   raise_exit_signal(number);
//
// Guarantees: What was printed is flushed. The default action is taken; no destructor runs.
void raise_exit_signal(int number);

}  // namespace coil
