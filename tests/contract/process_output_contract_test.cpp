// Covers: process_output.h, pipeline.h: commands run to their end, alone and in a row.
#include <chrono>
#include <string>
#include <vector>

#include "support/command_runs.h"
#include "support/contract.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

const std::string program = COIL_TEST_CHILD;

}  // namespace

TEST_CASE("getProcessOutput gives what a program says") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto said = result_of(*reactor, getProcessOutput(*reactor, program, {"say", "1", "hello"}));
  REQUIRE(said.has_value());
  CHECK(*said == "hello");
  auto named = result_of(*reactor, getProcessOutput(*reactor, program, {"arguments"}));
  CHECK(*named == "[" + program + "][arguments]");
  auto bare = result_of(*reactor, getProcessOutput(*reactor, program, {"variables"}));
  CHECK(bare->empty());
  auto there = result_of(*reactor, getProcessOutput(*reactor, program, {"place"},
                                                    OutputOptions().set_path(usual_folder())));
  CHECK(*there == usual_folder());
}

TEST_CASE("getProcessOutput fails where a program complains, unless that is wanted") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto bad = result_of(*reactor, getProcessOutput(*reactor, program, {"say", "2", "oh no"}));
  REQUIRE_FALSE(bad.has_value());
  std::optional<Deferred<void>> end;
  const bool told =
      bad.error().failure().visit<UnexpectedErrorOutput>([&](const UnexpectedErrorOutput& error) {
        CHECK(std::string(error.what()).find("oh no") != std::string::npos);
        end = error.process_ended();
      });
  CHECK(told);
  auto both = result_of(*reactor, getProcessOutput(*reactor, program, {"noise", "2", "0"},
                                                   OutputOptions().set_errortoo(true)));
  CHECK(*both == "xxxx");
}

TEST_CASE("cancelling what getProcessOutput gave ends the program") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto output = getProcessOutput(*reactor, program, {"forever"});
  output.addErrback([](Failure failure) {
    failure.trap<CancelledError>();
    return std::string("cancelled");
  });
  output.cancel();
  CHECK(*result_of(*reactor, output) == "cancelled");
}

TEST_CASE("run_command feeds a command and collects what it says, apart, and how it ended") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    const std::string text(200'000, 'r');
    CommandOutput made = co_await run_command(*reactor, child("cat"), RunOptions().set_input(text));
    CHECK(made.output == text);
    CHECK(made.errors.empty());
    CHECK(made.status.success());
    made = co_await run_command(*reactor, child("noise", "100000", "6"));
    CHECK(made.output.size() == 100'000);
    CHECK(made.errors.size() == 100'000);
    CHECK(made.status.code() == 6);
    // One that does not read what it could is no failure.
    made = co_await run_command(*reactor, child("exit", "0"), RunOptions().set_input(text));
    CHECK(made.status.success());
    Command quiet = child("noise", "10", "0");
    quiet.set_input(ChildDescriptor::null()).set_output(ChildDescriptor::null());
    made = co_await run_command(*reactor, quiet);
    CHECK(made.output.empty());
    CHECK(made.errors.size() == 10);
  });
}

TEST_CASE("run_command ends a command that says too much, or that nobody waits for any more") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    auto flood =
        co_await as_result(run_command(*reactor, child("flood"), RunOptions().set_size_max(1000)));
    REQUIRE_FALSE(flood.has_value());
    CAPTURE(flood.error().failure().getErrorMessage());
    CHECK(flood.error().failure().check<BufferLimit>());
    auto exact = co_await as_result(
        run_command(*reactor, child("noise", "500", "0"), RunOptions().set_size_max(1000)));
    CHECK(exact.has_value());
    auto late =
        co_await as_result(with_timeout(milliseconds(1), run_command(*reactor, child("forever"))));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().failure().check<TimedOut>());
    auto absent = co_await as_result(run_command(*reactor, Command("/no/such/program")));
    CHECK(absent.error().code() == std::errc::no_such_file_or_directory);
  });
}

TEST_CASE("a pipeline carries bytes from child to child, and tells of each how it ended") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const std::string text(300'000, 'p');
  with_task(*reactor, [&]() -> Task<void> {
    std::vector<Command> commands = {child("cat"), child("cat"), child("cat")};
    Pipeline pipeline = Pipeline::spawn(*reactor, commands);
    CHECK(pipeline.size() == 3);
    CHECK_FALSE(pipeline.process(0).has_reader(1));
    auto feed = [&]() -> Task<void> {
      co_await pipeline.input().write_all(text);
      pipeline.input().close();
    };
    auto [nothing, got] = co_await when_all(feed(), all_of(pipeline.output()));
    CHECK(got == text);
    const std::vector<ExitStatus> ends = co_await pipeline.wait();
    CHECK(ends == std::vector<ExitStatus>(3, ExitStatus::exited(0)));
  });
}

TEST_CASE("a pipeline that cannot be started whole, or that goes, leaves no child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    std::vector<Command> broken = {child("cat"), Command("/no/such/program"), child("cat")};
    CHECK_THROWS_AS(Pipeline::spawn(*reactor, broken), SystemError);
    CHECK_THROWS_AS(Pipeline::spawn(*reactor, {}), std::invalid_argument);
    std::vector<Command> commands = {child("forever"), child("cat")};
    Pipeline pipeline = Pipeline::spawn(*reactor, commands);
    const BufferLease ready = co_await pipeline.output().receive();
    CHECK(as_text(ready.bytes()) == "ready");
  });
}
