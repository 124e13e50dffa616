// What every executor of blocking work has in common.
#include <coil/runtime/blocking_executor.h>
#include <coil/runtime/reactor.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coil {

namespace {

// Owned by the queue that it waits in.
class CallWork final : public BlockingWork {
 public:
  CallWork(Callback call, std::source_location site) : BlockingWork(site), call_(std::move(call)) {}

  void work() override {
    const std::unique_ptr<CallWork> self(this);
    std::move(call_)();
  }
  void drop(std::error_code) noexcept override { delete this; }

 private:
  Callback call_;
};

}  // namespace

void BlockingExecutor::callInThread(Callback work, std::source_location site) {
  submit(*new CallWork(std::move(work), site));
}

void BlockingExecutor::callMultipleInThread(std::vector<Callback> calls,
                                            std::source_location site) {
  auto all = [calls = std::move(calls)]() mutable {
    for (Callback& call : calls) std::exchange(call, nullptr)();
  };
  callInThread(std::move(all), site);
}

void BlockingExecutor::check_sizes(unsigned min, unsigned max) {
  if (min <= max) return;
  throw std::invalid_argument("a thread pool cannot have at least " + std::to_string(min) +
                              " threads and at most " + std::to_string(max));
}

namespace detail {

std::string text_of(std::source_location site) {
  const std::string_view path = site.file_name();
  return std::string(path.substr(path.rfind('/') + 1)) + ":" + std::to_string(site.line());
}

LogRecord escaped_from(std::source_location site) {
  Failure failure = Failure::current();
  std::string text = "callInThread (" + text_of(site) + "): " + failure.getErrorMessage();
  return LogRecord(LogLevel::error, std::move(text), std::move(failure));
}

void make_ready(Suspension& suspension) noexcept {
  suspension.context().reactor().ready(suspension);
}

}  // namespace detail
}  // namespace coil
