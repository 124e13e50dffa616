// The steps of a service, and the order in which a parent takes them.
#include <coil/runtime/service.h>

#include <coil/runtime/cancellation.h>
#include <coil/runtime/sleep.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace coil {

namespace {

// Names the strand after the service that it takes a step of, for the account of a stop.
class StepName {
 public:
  StepName(TaskContext& strand, const Service& service)
      : strand_(strand), outer_(strand.name()), name_("service " + service.name()) {
    if (!service.name().empty()) strand_.set_name(name_);
  }
  StepName(const StepName&) = delete;
  StepName& operator=(const StepName&) = delete;
  ~StepName() { strand_.set_name(outer_); }

 private:
  TaskContext& strand_;
  const std::string_view outer_;
  const std::string name_;
};

}  // namespace

Service::~Service() = default;

Task<void> Service::privilegedStartService() { co_return; }

Task<void> Service::startService() {
  running_ = true;
  co_return;
}

Task<void> Service::stopService() {
  running_ = false;
  co_return;
}

void Service::setName(std::string name) {
  if (parent_ != nullptr) {
    throw std::logic_error("setName: the service '" + name_ + "' has a parent and keeps its name");
  }
  name_ = std::move(name);
}

Deferred<void> Service::setServiceParent(MultiService& parent) {
  return parent.addService(shared_from_this());
}

Deferred<void> Service::disownServiceParent() {
  if (parent_ == nullptr) {
    throw std::logic_error("disownServiceParent: the service '" + name_ + "' has no parent");
  }
  return parent_->removeService(*this);
}

MultiService::~MultiService() {
  for (const Child& child : services_) child->parent_ = nullptr;
}

Task<void> MultiService::privilegedStartService() {
  co_await Service::privilegedStartService();
  const std::vector<Child> children = services_;  // A child may add or remove others.
  for (const Child& child : children) co_await prepare_child(child);
}

// A child that is added from here on is started by addService.
Task<void> MultiService::startService() {
  reactor_ = &co_await current_reactor();
  co_await Service::startService();
  const std::vector<Child> children = services_;
  for (const Child& child : children) co_await start_child(child);
}

Task<void> MultiService::stopService() {
  co_await Service::stopService();
  const CancellationToken token = co_await current_cancellation();
  Reactor& reactor = co_await current_reactor();
  const std::vector<Child> children = services_;
  std::exception_ptr failure;
  for (auto child = children.rbegin(); child != children.rend(); ++child) {
    try {
      co_await stop_child(*child);
    } catch (const Cancelled&) {
      if (token.requested()) throw;
    } catch (...) {
      if (failure) {
        reactor.log_current("the service '" + (*child)->name() + "' failed to stop");
      } else {
        failure = std::current_exception();
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
}

Task<void> MultiService::prepare_child(Child child) {
  const Mutex::Lock step = co_await child->step_.lock();
  if (child->parent_ != this) co_return;
  TaskContext& strand = co_await current_context();
  const StepName name(strand, *child);
  child->reactor_ = &strand.reactor();
  child->begun_ = true;
  co_await child->privilegedStartService();
}

Task<void> MultiService::start_child(Child child) {
  const Mutex::Lock step = co_await child->step_.lock();
  if (child->parent_ != this || !running() || child->running()) co_return;
  TaskContext& strand = co_await current_context();
  const StepName name(strand, *child);
  child->reactor_ = &strand.reactor();
  child->begun_ = true;
  co_await child->startService();
}

Task<void> MultiService::stop_child(Child child) {
  const Mutex::Lock step = co_await child->step_.lock();
  if (!std::exchange(child->begun_, false)) co_return;
  TaskContext& strand = co_await current_context();
  const StepName name(strand, *child);
  co_await child->stopService();
}

Task<void> MultiService::change_parent(Child child) {
  co_await stop_child(child);
  MultiService* const parent = child->parent_;
  if (parent == nullptr || !parent->running()) co_return;
  const Child keep = parent->weak_from_this().lock();
  co_await parent->prepare_child(child);
  co_await parent->start_child(child);
}

// Does to a child what its new place asks for, where it has one.
Deferred<void> MultiService::settle(Child child) {
  const MultiService* const parent = child->parent_;
  const bool starts = parent != nullptr && parent->running();
  if (!starts && !child->begun_) return succeed();
  Reactor& reactor = starts ? *parent->reactor_ : *child->reactor_;
  return Deferred<void>::fromCoroutine(reactor, change_parent(std::move(child)));
}

// The child may come by a reference into the list of the parent that it leaves.
Deferred<void> MultiService::addService(Child child) {
  if (child->parent_ == this) return succeed();
  require_addable(*child);
  services_.push_back(child);
  if (child->parent_ != nullptr) child->parent_->erase(*child);
  child->parent_ = this;
  return settle(std::move(child));
}

Deferred<void> MultiService::removeService(Service& child) {
  if (child.parent_ != this) {
    throw std::invalid_argument("removeService: '" + child.name() + "' is no child of '" + name() +
                                "'");
  }
  Child kept = child.shared_from_this();
  erase(child);
  child.parent_ = nullptr;
  return settle(std::move(kept));
}

std::shared_ptr<Service> MultiService::getServiceNamed(std::string_view name) const {
  const auto named = [&](const Child& child) { return child->name() == name; };
  const auto found = std::find_if(begin(), end(), named);
  if (found == end()) {
    throw std::out_of_range("getServiceNamed: there is no service '" + std::string(name) + "'");
  }
  return *found;
}

void MultiService::require_addable(const Service& child) const {
  for (const Service* outer = this; outer != nullptr; outer = outer->parent_) {
    if (outer == &child) {
      throw std::invalid_argument("addService: '" + child.name() + "' would be inside itself");
    }
  }
  if (child.name().empty()) return;
  const auto same = [&](const Child& other) { return other->name() == child.name(); };
  if (std::any_of(begin(), end(), same)) {
    throw std::invalid_argument("addService: there is a service '" + child.name() + "' already");
  }
}

void MultiService::erase(const Service& child) {
  std::erase_if(services_, [&](const Child& other) { return other.get() == &child; });
}

}  // namespace coil
