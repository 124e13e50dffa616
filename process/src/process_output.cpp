// Commands run to their end: with a task, or with a protocol that collects.
#include <coil/process/process_output.h>

#include <coil/process/process.h>
#include <coil/process/process_protocol.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/when_all.h>

#include <memory>
#include <optional>
#include <utility>

namespace coil {

namespace {

// What a command may still say.
class Allowance {
 public:
  explicit Allowance(std::size_t bytes) noexcept : left_(bytes) {}
  void take(std::size_t size) {
    if (size > left_) {
      throw BufferLimit(make_error_code(Errc::buffer_limit), "run_command: the output");
    }
    left_ -= size;
  }

 private:
  std::size_t left_;
};

Task<void> collect(Process& process, int descriptor, std::string& into, Allowance& allowance) {
  if (!process.has_reader(descriptor)) co_return;
  for (;;) {
    const BufferLease data = co_await process.reader(descriptor).receive();
    if (data.empty()) co_return;
    allowance.take(data.size());
    into += as_text(data.bytes());
  }
}

Task<void> feed(Process& process, const std::string& input) {
  if (!process.has_writer(0)) co_return;
  const Result<> written = co_await as_result(process.input().write_all(input));
  process.input().close();
  if (written || written.error().failure().check<ConnectionClosed>()) co_return;
  written.error().raise();
}

}  // namespace

Task<CommandOutput> run_command(Reactor& reactor, Command command, RunOptions options) {
  Process process = Process::spawn(reactor, command);
  CommandOutput made;
  Allowance allowance(options.size_max);
  co_await when_all(feed(process, options.input), collect(process, 1, made.output, allowance),
                    collect(process, 2, made.errors, allowance));
  made.status = co_await process.wait();
  co_return made;
}

namespace {

std::shared_ptr<ProcessTransport> spawn(Reactor& reactor, std::shared_ptr<ProcessProtocol> protocol,
                                        const std::string& executable,
                                        std::vector<std::string> args,
                                        const OutputOptions& options) {
  args.insert(args.begin(), executable);
  return spawnProcess(reactor, std::move(protocol), executable, std::move(args),
                      SpawnOptions().set_env(options.env).set_path(options.path));
}

std::optional<ExitStatus> status_of(const Failure& reason) {
  std::optional<ExitStatus> status;
  if (reason.check<ProcessDone>()) status = ExitStatus::exited(0);
  reason.visit<ProcessTerminated>([&](const ProcessTerminated& error) { status = error.status(); });
  return status;
}

void end_early(const std::weak_ptr<ProcessTransport>& process) {
  try {
    if (const auto transport = process.lock()) transport->signalProcess("TERM");
  } catch (const SystemError&) {
    return;  // It has ended already, or is somebody else's by now.
  }
}

// Collects what a program writes, until it has ended or written where it should not.
class OutputCollector final : public ProcessProtocol {
 public:
  explicit OutputCollector(bool errortoo) : errortoo_(errortoo) {}

  void outReceived(ConstBytes data) override { output_ += as_text(data); }
  void errReceived(ConstBytes data) override {
    if (errortoo_) {
      output_ += as_text(data);
    } else if (!end_ && !result->called()) {
      end_.emplace();
      end_->addErrback([](const Failure&) {});
      result->errback(Failure(UnexpectedErrorOutput(to_string(data), *end_)));
      transport().loseConnection();
    }
  }
  void processEnded(const Failure& reason) override {
    if (end_) {
      end_->errback(reason);
    } else {
      result->callback(std::move(output_));
    }
  }

  std::optional<Deferred<std::string>> result;

 private:
  bool errortoo_;
  std::string output_;
  std::optional<Deferred<void>> end_;  // For those who want to know when that was.
};

// The same with the exit code, and the errors apart.
class ValueCollector final : public ProcessProtocol {
 public:
  explicit ValueCollector(bool keeps_output) : keeps_output_(keeps_output) {}

  void outReceived(ConstBytes data) override { keep(made_.output, data); }
  void errReceived(ConstBytes data) override { keep(made_.errors, data); }
  void processEnded(const Failure& reason) override {
    const std::optional<ExitStatus> status = status_of(reason);
    if (!status || !status->code()) {
      result->errback(Failure(ProcessSignaled(status, made_.output, made_.errors)));
      return;
    }
    made_.status = *status;
    result->callback(std::move(made_));
  }

  std::optional<Deferred<CommandOutput>> result;

 private:
  void keep(std::string& into, ConstBytes data) const {
    if (keeps_output_) into += as_text(data);
  }

  bool keeps_output_;
  CommandOutput made_;
};

// Cancelling the result ends the program.
template <class P, class T>
Deferred<T> start(Reactor& reactor, const std::shared_ptr<P>& protocol,
                  std::optional<Deferred<T>>& result, const std::string& executable,
                  std::vector<std::string> args, const OutputOptions& options) {
  const auto process = std::make_shared<std::weak_ptr<ProcessTransport>>();
  result.emplace(typename Deferred<T>::Canceller([process] { end_early(*process); }));
  *process = spawn(reactor, protocol, executable, std::move(args), options);
  return *result;
}

Deferred<CommandOutput> start_counting(Reactor& reactor, const std::string& executable,
                                       std::vector<std::string> args, const OutputOptions& options,
                                       bool keeps_output) {
  const auto protocol = std::make_shared<ValueCollector>(keeps_output);
  return start(reactor, protocol, protocol->result, executable, std::move(args), options);
}

}  // namespace

OutputOptions& OutputOptions::set_env(std::optional<Environment> variables) {
  env = std::move(variables);
  return *this;
}

Deferred<std::string> getProcessOutput(Reactor& reactor, const std::string& executable,
                                       std::vector<std::string> args,
                                       const OutputOptions& options) {
  const auto protocol = std::make_shared<OutputCollector>(options.errortoo);
  return start(reactor, protocol, protocol->result, executable, std::move(args), options);
}

Deferred<int> getProcessValue(Reactor& reactor, const std::string& executable,
                              std::vector<std::string> args, const OutputOptions& options) {
  auto both = start_counting(reactor, executable, std::move(args), options, false);
  return both.addCallback([](const CommandOutput& made) { return made.status.code().value_or(0); });
}

Deferred<CommandOutput> getProcessOutputAndValue(Reactor& reactor, const std::string& executable,
                                                 std::vector<std::string> args,
                                                 const OutputOptions& options) {
  return start_counting(reactor, executable, std::move(args), options, true);
}

}  // namespace coil
