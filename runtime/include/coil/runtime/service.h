// Service: the parts of a program that are started in order, and the tree that they form.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/mutex.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coil {

class MultiService;

// Service: something that is started, runs, and is stopped.
//
// Example (tests/examples/service_example.cpp, "service"):
//
//   class Greeter : public Service {
//    public:
//     explicit Greeter(Reactor& reactor) : reactor_(reactor) {}
//     Task<void> startService() override {
//       port_.emplace(listenTCP(reactor_, Address::loopback(0), Factory::forProtocol<Greet>()));
//       co_await Service::startService();
//     }
//     Task<void> stopService() override {
//       co_await Service::stopService();
//       if (port_) co_await port_->stopListening();
//     }
//
//    private:
//     Reactor& reactor_;
//     std::optional<ListeningPort> port_;
//   };
//
// Requires:   Owned by a shared_ptr. An override of startService or stopService awaits that of its
//             base, and does not wait for its own service to be added or removed. stopService can
//             also end what a start that failed has left.
// Guarantees: A parent takes one step of a service at a time: it is never stopped while it starts.
// Source:     Twisted's IService.
class Service : public std::enable_shared_from_this<Service> {
 public:
  Service() noexcept {}
  explicit Service(std::string name) : name_(std::move(name)) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service();

  // Does what needs the privileges that the program was started with; comes before startService.
  virtual Task<void> privilegedStartService();
  virtual Task<void> startService();
  virtual Task<void> stopService();
  // True from the start to the stop, as the base's functions see them.
  bool running() const noexcept { return running_; }

  // Empty for a service without a name.
  const std::string& name() const noexcept { return name_; }
  // Errors: std::logic_error for a service that has a parent, which may have found it by its name.
  void setName(std::string name);

  // Null for the root of a tree.
  MultiService* parent() const noexcept { return parent_; }
  // The same as parent.addService(this).
  Deferred<void> setServiceParent(MultiService& parent);
  // The same as parent()->removeService(this). Errors: std::logic_error without a parent.
  Deferred<void> disownServiceParent();

 private:
  friend class MultiService;

  std::string name_;
  MultiService* parent_ = nullptr;
  Reactor* reactor_ = nullptr;  // On which it was started last.
  Mutex step_;                  // Held by a parent during a step.
  bool begun_ = false;          // A parent has begun to start it, and not to stop it.
  bool running_ = false;
};

// MultiService: a service that consists of others, its children.
//
// Example (tests/examples/service_example.cpp, "tree"):
//
//   auto root = std::make_shared<MultiService>();
//   auto greeter = std::make_shared<Greeter>(reactor);
//   greeter->setName("greeter");
//   root->addService(greeter);
//   co_await root->startService();
//   std::printf("%s runs\n", root->getServiceNamed("greeter")->name().c_str());
//   co_await root->stopService();
//
// Guarantees:   Children start in the order in which they were added, each when the one before it
//               has started, and stop in reverse. A stop goes on with the others when one fails.
// Errors:       A start ends with the first failure, and leaves the children before it running:
//               stopService stops them. A stop throws the first failure when all children have been
//               stopped; further ones are logged.
// Cancellation: Cancellable; some bytes may have been transferred. Children whose turn has not come
//               are neither started nor stopped.
// Source:       Twisted's IServiceCollection and MultiService, which starts and stops all children
//               without waiting for one before the next.
class MultiService : public Service {
 public:
  using Service::Service;
  ~MultiService() override;

  Task<void> privilegedStartService() override;
  Task<void> startService() override;
  Task<void> stopService() override;

  // Makes `child` the last child, and takes it from the parent it has, which stops it. The Deferred
  // fires when it has been started; at once if this service does not run.
  //
  // Errors: std::invalid_argument, and nothing is changed, if a child has that name already, or if
  //         this service is `child` or inside it. A failed stop or start fails the Deferred.
  Deferred<void> addService(std::shared_ptr<Service> child);
  // Parts with a child. The Deferred fires when it has been stopped; at once if it was not started.
  //
  // Errors: std::invalid_argument for what is no child.
  Deferred<void> removeService(Service& child);
  // Errors: std::out_of_range if there is none.
  std::shared_ptr<Service> getServiceNamed(std::string_view name) const;

  // The children, in the order in which they start.
  auto begin() const noexcept { return services_.begin(); }
  auto end() const noexcept { return services_.end(); }
  std::size_t size() const noexcept { return services_.size(); }

 private:
  using Child = std::shared_ptr<Service>;

  Task<void> prepare_child(Child child);
  Task<void> start_child(Child child);
  static Task<void> stop_child(Child child);
  static Task<void> change_parent(Child child);
  static Deferred<void> settle(Child child);
  void require_addable(const Service& child) const;
  void erase(const Service& child);

  std::vector<Child> services_;
};

}  // namespace coil
