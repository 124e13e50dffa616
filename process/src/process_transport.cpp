// A child in callback style: reading from it, writing to it, and the order of its ends.
#include "process_transport.h"

#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/root_task.h>

#include <absl/cleanup/cleanup.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace coil::detail {

namespace {

Failure reason_of(const Child& child) {
  const std::optional<ExitStatus>& status = child.status();
  if (status && status->success()) return Failure(ProcessDone());
  return Failure(ProcessTerminated(status));
}

}  // namespace

RunningProcess::~RunningProcess() {
  if (protocol_ != nullptr) protocol_->forget_transport();
}

void RunningProcess::add_output(int descriptor, PipeReader reader) {
  outputs_.emplace(descriptor, std::make_shared<ChildOutput>(std::move(reader)));
}

void RunningProcess::add_input(int descriptor, PipeWriter writer) {
  inputs_.emplace(descriptor, std::make_shared<ChildInput>(std::move(writer), !on_terminal_));
}

void RunningProcess::add_terminal(PipeReader reader, PipeWriter writer) {
  on_terminal_ = true;
  add_output(1, std::move(reader));
  add_input(0, std::move(writer));
}

void RunningProcess::start() {
  const std::shared_ptr<RunningProcess> self = shared_from_this();
  child_->watch([self] { self->exited(); });
  Reactor& reactor = child_->reactor();
  for (const auto& [descriptor, output] : outputs_) {
    start_root<"child output">(reactor, run_output(self, descriptor, output));
  }
  for (const auto& [number, input] : inputs_) {
    input->start([self, descriptor = number] {
      self->inputs_.erase(descriptor);
      self->lost(descriptor);
    });
  }
  call("connectionMade", [&] { protocol_->makeConnection(*this); });
}

// An exception is logged. Gives false if there was one.
template <class Call>
bool RunningProcess::call(const char* where, Call function) noexcept {
  try {
    if (protocol_ != nullptr) function();
    return true;
  } catch (...) {
    child_->reactor().log_current(where);
    return false;
  }
}

Task<void> RunningProcess::run_output(std::shared_ptr<RunningProcess> self, int descriptor,
                                      std::shared_ptr<ChildOutput> output) {
  static_cast<void>(self);
  const absl::Cleanup leave = [&] {
    output->reader.close();
    outputs_.erase(descriptor);
    lost(descriptor);
  };
  co_await read_all(descriptor, *output);
}

Task<void> RunningProcess::read_all(int descriptor, ChildOutput& output) {
  for (;;) {
    const Result<BufferLease> lease = co_await as_result(output.reader.receive());
    if (!lease) co_return;  // Closed here, or broken: for a child's output both are an end.
    // What came while it paused, the end as well, waits until it goes on.
    while (paused_ && output.reader.is_open()) {
      output.may_go_on.clear();
      co_await output.may_go_on.wait();
    }
    if (lease.value().empty() || !output.reader.is_open()) co_return;
    const ConstBytes bytes = lease.value().bytes();
    const bool goes_on =
        call("childDataReceived", [&] { protocol_->childDataReceived(descriptor, bytes); });
    if (!goes_on) co_return;
  }
}

// The two sides of a terminal end together; it is one descriptor to the protocol.
void RunningProcess::lost(int descriptor) noexcept {
  if (on_terminal_) {
    for (const auto& [number, input] : inputs_) input->close_now();
    for (const auto& [number, output] : outputs_) {
      output->reader.close();
      output->may_go_on.set();
    }
    if (!inputs_.empty() || !outputs_.empty()) return;
    descriptor = 1;
  }
  call("childConnectionLost", [&] { protocol_->childConnectionLost(descriptor); });
  // A stop has ended the watch: this is the last look.
  if (inputs_.empty() && outputs_.empty() && !reason_ && child_->try_reap()) exited();
  end_if_over();
}

void RunningProcess::exited() noexcept {
  if (reason_) return;
  reason_ = reason_of(*child_);
  call("processExited", [&] { protocol_->processExited(reason_); });
  end_if_over();
}

void RunningProcess::end_if_over() noexcept {
  if (!reason_ || !inputs_.empty() || !outputs_.empty() || protocol_ == nullptr) return;
  call("processEnded", [&] { protocol_->processEnded(reason_); });
  protocol_->forget_transport();
  protocol_.reset();
}

std::optional<int> RunningProcess::pid() const noexcept {
  const bool is_none = child_->is_over() || child_->pid() == 0;
  return is_none ? std::nullopt : std::optional(child_->pid());
}

std::shared_ptr<ChildInput> RunningProcess::input(int descriptor) const {
  const auto found = inputs_.find(descriptor);
  return found == inputs_.end() ? nullptr : found->second;
}

void RunningProcess::writeToChild(int descriptor, ConstBytes data) {
  const std::shared_ptr<ChildInput> to = input(descriptor);
  if (to == nullptr) {
    throw std::out_of_range("writeToChild: descriptor " + std::to_string(descriptor) +
                            " of the child is not written here");
  }
  to->write(data);
}

void RunningProcess::write(ConstBytes data) {
  if (const auto to = input(0)) to->write(data);
}

void RunningProcess::writeSequence(std::span<const ConstBytes> pieces) {
  for (const ConstBytes& piece : pieces) write(piece);
}

void RunningProcess::closeChildFD(int descriptor) {
  if (const auto to = input(descriptor)) to->close_when_sent();
  const auto found = outputs_.find(descriptor);
  if (found == outputs_.end()) return;
  found->second->reader.close();
  found->second->may_go_on.set();
}

// A terminal has no sides that could be closed one by one.
void RunningProcess::close_standard(int descriptor) {
  if (!on_terminal_) closeChildFD(descriptor);
}

void RunningProcess::loseConnection() {
  if (on_terminal_) {
    if (const auto to = input(0)) to->close_when_sent();
    return;
  }
  for (const int descriptor : {0, 1, 2}) closeChildFD(descriptor);
}

void RunningProcess::signalProcess(std::string_view name) {
  const std::optional<int> number = signal_from_string(name);
  if (!number) {
    throw std::invalid_argument("signalProcess: '" + std::string(name) + "' is no signal");
  }
  signalProcess(*number);
}

void RunningProcess::resumeProducing() {
  paused_ = false;
  for (const auto& [number, output] : outputs_) output->may_go_on.set();
}

void RunningProcess::registerProducer(Producer& producer, bool streaming) {
  if (const auto to = input(0)) {
    to->set_producer(*this, producer, streaming);
  } else {
    producer.stopProducing();
  }
}

void RunningProcess::unregisterProducer() {
  if (const auto to = input(0)) to->clear_producer();
}

}  // namespace coil::detail
