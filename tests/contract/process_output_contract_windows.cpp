// What the contract about the output of commands asks of Windows in its own way.
#include <string>
#include <vector>

#include "support/command_runs.h"
#include "support/contract.h"

using namespace coil;
using namespace coil::testing;

namespace {

const std::string program = COIL_TEST_CHILD;

}  // namespace

TEST_CASE("getProcessValue and getProcessOutputAndValue give the code, and fail for a signal") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto value = result_of(*reactor, getProcessValue(*reactor, program, {"exit", "5"}));
  CHECK(*value == 5);
  auto all = result_of(*reactor, getProcessOutputAndValue(*reactor, program, {"noise", "3", "4"}));
  REQUIRE(all.has_value());
  CHECK(all.value().output == "xxx");
  CHECK(all.value().errors == "xxx");
  CHECK(all.value().status.code() == 4);
  // The only signals that come by themselves are those of a fault.
  auto crashed = result_of(*reactor, getProcessValue(*reactor, program, {"crash"}));
  REQUIRE_FALSE(crashed.has_value());
  CHECK(crashed.error().failure().check<ProcessSignaled>());
  auto absent = result_of(*reactor, getProcessValue(*reactor, "C:\\no\\such\\program"));
  CHECK(*absent == 1);
}

TEST_CASE("a child of a pipeline notices that the next one has ended") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    std::vector<Command> commands = {child("flood"), child("exit", "3")};
    Pipeline pipeline = Pipeline::spawn(*reactor, commands);
    const std::vector<ExitStatus> ends = co_await pipeline.wait();
    CHECK(ends == std::vector<ExitStatus>{ExitStatus::exited(99), ExitStatus::exited(3)});
    pipeline.signal(15);  // All have ended: nothing happens.
  });
}
