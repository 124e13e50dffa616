// Covers: process.h, process/process.h, command.h, exit_status.h, process_error.h: child processes
// as coroutines have them.
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "support/command_runs.h"
#include "support/contract.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

TEST_CASE("B162: what goes into a child comes out of it, and its arguments arrive intact") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const std::string text(300'000, 'e');
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("cat"));
    auto feed = [&]() -> Task<void> {
      co_await process.input().write_all(text);
      process.input().close();
    };
    auto [nothing, got] = co_await when_all(feed(), all_of(process.output()));
    CHECK(got == text);
    const ExitStatus status = co_await process.wait();
    CHECK(status.success());
  });
  const std::vector<std::string> odd = {"arguments", "two words", "", "a\"b'c", "$HOME", "\n"};
  CHECK(said_by(*reactor, child(odd).set_name("me")) ==
        "[me][arguments][two words][][a\"b'c][$HOME][\n]");
}

TEST_CASE("B163: the environment is this process's own, with changes, or exactly what is given") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  set_own_variable("COIL_TEST_VARIABLE", "here");
  const std::string own = said_by(*reactor, child("variables"));
  CHECK(own.find("COIL_TEST_VARIABLE=here\n") != std::string::npos);
  Command changed = child("variables");
  changed.set_variable("COIL_TEST_OTHER", "a=b").remove_variable("COIL_TEST_VARIABLE");
  const std::string other = said_by(*reactor, changed);
  CHECK(other.find("COIL_TEST_OTHER=a=b\n") != std::string::npos);
  CHECK(other.find("COIL_TEST_VARIABLE") == std::string::npos);
  set_own_variable("COIL_TEST_VARIABLE", nullptr);
  CHECK(said_by(*reactor, child("variables").set_environment({})).empty());
  CHECK(said_by(*reactor, child("variables").set_environment({{"A", "1"}, {"B", ""}})) ==
        "A=1\nB=\n");
}

TEST_CASE("B171: a child that ended before the reactor ran is reaped when it runs") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  Process process = Process::spawn(*reactor, child("exit", "7"));
  await_end_of(process.pid());
  reactor->callWhenRunning([&] { reactor->callLater(milliseconds(1), [&] { reactor->stop(); }); });
  while (!process.status()) reactor->iterate(milliseconds(5));
  CHECK(process.status() == ExitStatus::exited(7));
  CHECK(has_no_child());
}

TEST_CASE("a program without a slash is looked for in the PATH of the child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const std::filesystem::path program(COIL_TEST_CHILD);
  Command command(program.filename().string(), "say", "1", "found");
  CHECK(failure_of(*reactor, command).find(no_such_file()) != std::string::npos);
  command.set_variable("PATH",
                       "/no/such/place" + path_separator() + program.parent_path().string());
  CHECK(said_by(*reactor, command) == "found");
}

TEST_CASE("a wait that is cancelled leaves the child alone") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("wait"));
    const auto in_time = co_await as_result(with_timeout(milliseconds(1), process.wait()));
    CHECK_FALSE(in_time.has_value());
    CHECK(is_there(process.pid()));
    process.input().close();
    const ExitStatus status = co_await process.wait();
    CHECK(status.success());
  });
}

TEST_CASE("several tasks may wait for one child, also beyond the end of its Process") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("forever"));
    auto ends = [&]() -> Task<int> {
      const BufferLease ready = co_await process.output().receive();
      Process(std::move(process));
      co_return static_cast<int>(ready.size());
    };
    auto [one, two, size] = co_await when_all(process.wait(), process.wait(), ends());
    CHECK(one.signal() == signal_from_string("TERM"));
    CHECK(two == one);
    CHECK_FALSE(process.is_open());
  });
}
