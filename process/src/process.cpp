// Process: spawned, waited for and given up.
#include <coil/process/process.h>

#include "child.h"
#include "spawn.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace coil {

Process::Process() noexcept = default;

Process::Process(Process&& other) noexcept
    : child_(std::exchange(other.child_, nullptr)),
      grace_(other.grace_),
      readers_(std::move(other.readers_)),
      writers_(std::move(other.writers_)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    give_up();
    child_ = std::exchange(other.child_, nullptr);
    grace_ = other.grace_;
    readers_ = std::move(other.readers_);
    writers_ = std::move(other.writers_);
  }
  return *this;
}

Process::~Process() { give_up(); }

Process Process::spawn(Reactor& reactor, const Command& command) {
  detail::SpawnedChild spawned = detail::spawn_child(command, detail::SpawnFailure::is_thrown);
  Process process;
  process.grace_ = command.grace;
  process.child_ = std::make_shared<detail::Child>(reactor, std::move(spawned.native));
  process.child_->watch();
  for (detail::ParentEnd& end : spawned.ends) {
    const NativeHandle native = end.end.release();
    if (end.reads) {
      process.readers_.emplace(end.number, PipeReader(reactor, native));
    } else {
      process.writers_.emplace(end.number, PipeWriter(reactor, native));
    }
  }
  return process;
}

// A destructor has nobody to tell: a child that cannot be watched any more is killed at once.
void Process::give_up() noexcept {
  const std::shared_ptr<detail::Child> child = std::exchange(child_, nullptr);
  if (child == nullptr) return;
  try {
    child->give_up(grace_);
  } catch (...) {
    child->kill_now();
  }
}

detail::Child& Process::child() const {
  if (child_ == nullptr) contract_violation("a Process was used that is none");
  return *child_;
}

PipeReader& Process::reader(int descriptor) {
  const auto found = readers_.find(descriptor);
  if (found != readers_.end()) return found->second;
  throw std::out_of_range("descriptor " + std::to_string(descriptor) +
                          " of the child is no pipe that can be read here");
}

PipeWriter& Process::writer(int descriptor) {
  const auto found = writers_.find(descriptor);
  if (found != writers_.end()) return found->second;
  throw std::out_of_range("descriptor " + std::to_string(descriptor) +
                          " of the child is no pipe that can be written here");
}

Task<ExitStatus> Process::wait() {
  const std::shared_ptr<detail::Child> waited = child().shared_from_this();
  co_await waited->until_over();
  co_return waited->result();
}

std::optional<ExitStatus> Process::status() const noexcept {
  return child_ == nullptr ? std::nullopt : child_->status();
}

void Process::signal(int number) { child().signal(number); }
void Process::terminate() { signal(detail::signal_terminate); }
void Process::kill() { signal(detail::signal_kill); }

void Process::release() noexcept {
  if (const auto child = std::exchange(child_, nullptr)) child->leave_alone();
}

int Process::pid() const { return child().pid(); }

}  // namespace coil
