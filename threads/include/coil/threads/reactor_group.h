// ReactorGroup: one reactor per processor, each on a thread of its own, stopped as one.
#pragma once

#include <coil/threads/reactor_thread.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coil {

// ReactorGroupOptions: how many reactors there are, and what they are like.
//
// Example (tests/examples/reactor_thread_example.cpp, "group"):
//
//   ReactorGroup workers(ReactorGroupOptions().set_size(2).set_name("worker"));
//
// Threads: What logs or makes a reactor is called on each of the new threads.
class ReactorGroupOptions {
 public:
  ReactorGroupOptions() {}
  // 0, which is the default, stands for as many as the program may use processors.
  ReactorGroupOptions& set_size(std::size_t value) noexcept {
    size = value;
    return *this;
  }
  // Threads are named with their number behind it: worker-0, worker-1.
  ReactorGroupOptions& set_name(std::string value) {
    name = std::move(value);
    return *this;
  }
  ReactorGroupOptions& set_reactor(ReactorOptions value) {
    reactor = std::move(value);
    return *this;
  }
  // See ReactorThreadOptions::set_make.
  ReactorGroupOptions& set_make(ReactorThreadOptions::Make value) {
    make = std::move(value);
    return *this;
  }
  // Keeps each thread on a processor of its own; off by default, since the kernel does better
  // where other programs run, too.
  ReactorGroupOptions& set_pinned(bool value) noexcept {
    pinned = value;
    return *this;
  }

  std::size_t size = 0;
  std::string name = "reactor";
  ReactorOptions reactor;
  ReactorThreadOptions::Make make;
  bool pinned = false;
};

// ReactorGroup: reactors that run side by side and share nothing but what they are given.
//
// Example (tests/examples/reactor_thread_example.cpp, "group"):
//
//   ReactorGroup workers(ReactorGroupOptions().set_size(2).set_name("worker"));
//   auto body = [&served](Reactor& reactor, std::size_t index) -> Task<void> {
//     served[index] = true;
//     co_await reactor.callLater(std::chrono::hours(1));
//   };
//   workers.start(body);
//   co_await workers[0].run(&say_hello);
//   workers.stop();
//   co_await workers.wait();                   // Throws the first failure of a body.
//
// Guarantees: The constructor returns when every reactor is there; where one cannot be had, those
//             that were made are ended. A failure of one stops all, and is what join() and wait()
//             give. The destructor stops and joins.
// Errors:     As ReactorThread.
// Threads:    Any thread, but join() and the destructor on none of its own (asserted).
class ReactorGroup {
 public:
  explicit ReactorGroup(ReactorGroupOptions options = ReactorGroupOptions());
  ReactorGroup(ReactorGroup&&) noexcept;
  ReactorGroup& operator=(ReactorGroup&&) = delete;
  ~ReactorGroup();

  std::size_t size() const noexcept { return threads_.size(); }
  ReactorThread& operator[](std::size_t index) { return threads_.at(index); }

  // Starts body(reactor, index, arguments...), a Task<void>, on each of them, with copies of all
  // that is given.
  //
  // Errors: ReactorStopped when one of them has ended; those before it have begun then.
  template <class F, class... A>
  void start(const F& body, const A&... arguments) {
    for (std::size_t index = 0; index < threads_.size(); ++index) {
      threads_[index].start(body, index, arguments...);
    }
  }

  // Asks every reactor to stop.
  void stop() noexcept;
  // Asks every reactor not to wait for its tasks.
  void force_stop() noexcept;
  // Waits until all have ended, and blocks meanwhile: for a thread that runs no reactor.
  //
  // Errors: The first failure of a body.
  void join();
  // The same for a task of another reactor.
  //
  // Errors:       The first failure of a body.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  Task<void> wait();
  // The first failure of a body; empty if there is none.
  Failure failure() const;

 private:
  class Shared;

  void give_failure() const;

  std::shared_ptr<Shared> shared_;
  std::vector<ReactorThread> threads_;
};

}  // namespace coil
