// What the contract about processes asks of Windows in its own way, or cannot ask of it.
#include <fcntl.h>
#include <io.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string>

#include "support/command_runs.h"
#include "support/contract.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("B162: a script is executed by the program that its first line names") {
  note_skip("scripts", "a file of Windows is a program by its contents, and no first line");
}

TEST_CASE("B164: only the descriptors of the command are open in the child, and swaps work") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  // Inherited by every child of a program that does not say which handles it means.
  const int leak = ::_open("NUL", _O_RDONLY);
  REQUIRE(leak >= 0);
  const std::string handle = std::to_string(static_cast<std::uintptr_t>(::_get_osfhandle(leak)));
  CHECK(end_of(*reactor, child("has handle", handle)) == ExitStatus::exited(0));
  ::_close(leak);
  Command swapped = child("say", "1", "to one", "2", "to two");
  std::array<int, 2> one{};
  REQUIRE(::_pipe(one.data(), 4096, _O_BINARY | _O_NOINHERIT) == 0);
  swapped.set_errors(one[1]);
  CHECK(said_by(*reactor, swapped) == "to one");
  std::array<char, 16> got{};
  CHECK(::_read(one[0], got.data(), static_cast<unsigned>(got.size())) == 6);
  CHECK(std::string(got.data()) == "to two");
  for (const int number : one) ::_close(number);
}

TEST_CASE("B164: a descriptor can be like another, like this process's own, or nothing") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  Command joined = child("noise", "3", "0");
  joined.set_errors(ChildDescriptor::same_as(1)).set_input(ChildDescriptor::null());
  CHECK(said_by(*reactor, joined) == "xxxxxx");
  Command silent = child("cat");
  silent.set_input(ChildDescriptor::null()).set_output(ChildDescriptor::null());
  CHECK(end_of(*reactor, silent).success());
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("exit", "0"));
    CHECK_THROWS_AS(process.writer(1), std::out_of_range);
    CHECK_THROWS_AS(process.reader(6), std::out_of_range);
    co_await process.wait();
  });
}

TEST_CASE("B165: an exit status is a code or a signal") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(end_of(*reactor, child("exit", "0")) == ExitStatus::exited(0));
  const ExitStatus failed = end_of(*reactor, child("exit", "3"));
  CHECK(failed.code() == 3);
  CHECK_FALSE(failed.signal().has_value());
  CHECK_FALSE(failed.success());
  CHECK(failed.to_string() == "exit code 3");
  // What looks like one is none, unless this side sent it.
  CHECK(end_of(*reactor, child("exit", "143")) == ExitStatus::exited(143));
  CHECK(end_of(*reactor, child("crash")).to_string() == "signal 11 (SIGSEGV)");
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("forever"));
    process.terminate();
    const ExitStatus killed = co_await process.wait();
    CHECK_FALSE(killed.code().has_value());
    CHECK(killed.shell_code() == 143);
    CHECK(killed.to_string() == "signal 15 (SIGTERM)");
  });
}

TEST_CASE("B168: a child that writes where nobody reads gets a broken pipe") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("flood"));
    const BufferLease some = co_await process.output().receive();
    CHECK_FALSE(some.empty());
    process.output().close();
    const ExitStatus status = co_await process.wait();
    CHECK(status == ExitStatus::exited(99));  // By its own will: its write failed.
  });
}

TEST_CASE("B170: a signal to a child that has ended is refused, whoever reaped it") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("forever"));
    CHECK_THROWS_AS(process.signal(3), SystemError);
    process.kill();
    const ExitStatus status = co_await process.wait();
    CHECK(status.to_string() == "signal 9 (SIGKILL)");
    CHECK_THROWS_AS(process.terminate(), ProcessExitedAlready);
    Process ended = Process::spawn(*reactor, child("exit", "0"));
    await_end_of(ended.pid());
    CHECK_THROWS_AS(ended.terminate(), ProcessExitedAlready);
    co_await ended.wait();
  });
}

TEST_CASE("B174: what the child could not do is thrown with its name, and nothing is left") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const auto before = open_descriptors();
  const std::string absent = failure_of(*reactor, Command("no such program"));
  CHECK(absent.find("no such program") != std::string::npos);
  CHECK(absent.find("execute the program") != std::string::npos);
  CHECK(absent.find(no_such_file()) != std::string::npos);
  const std::string none = failure_of(*reactor, Command("C:\\windows\\win.ini"));
  CHECK(none.find("execute the program") != std::string::npos);
  CHECK(failure_of(*reactor, child("cat").set_directory("C:\\no\\such\\place"))
            .find("change the directory") != std::string::npos);
  const std::string bad = failure_of(*reactor, child("cat").set_descriptor(0, 9999));
  CHECK(bad.find("set up the descriptors") != std::string::npos);
  const std::string beyond = failure_of(*reactor, child("cat").set_descriptor(3, 'r'));
  CHECK(beyond.find("a child has 0, 1 and 2 only") != std::string::npos);
  CHECK(failure_of(*reactor, child("cat").set_user(1)).find("no numbers of users") !=
        std::string::npos);
  CHECK(open_descriptors() == before);
  CHECK(has_no_child());
  CHECK_THROWS_AS(Process::spawn(*reactor, Command("")), std::invalid_argument);
  CHECK_THROWS_AS(Process::spawn(*reactor, Command(std::string("a\0b", 3))), std::invalid_argument);
  CHECK_THROWS_AS(Process::spawn(*reactor, Command("\xff")), std::invalid_argument);
  CHECK_THROWS_AS(Process::spawn(*reactor, child("cat").set_environment({{"A=B", "1"}})),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      Process::spawn(*reactor, child("cat").set_environment({{"Ab", "1"}, {"aB", "2"}})),
      std::invalid_argument);
  CHECK_THROWS_AS(child("cat").set_descriptor(1, 'x'), std::invalid_argument);
  CHECK_THROWS_AS(child("cat").set_descriptor(-1, 'r'), std::invalid_argument);
  Command nowhere = child("cat");
  nowhere.set_errors(ChildDescriptor::same_as(6));
  CHECK_THROWS_AS(Process::spawn(*reactor, nowhere), std::invalid_argument);
  // cmd.exe would read the arguments as commands.
  const auto batch = std::filesystem::temp_directory_path() / "coil test.BAT";
  std::ofstream(batch) << "@echo off\n";
  CHECK_THROWS_AS(Process::spawn(*reactor, Command(batch.string(), "\"&calc")),
                  std::invalid_argument);
  std::filesystem::remove(batch);
  CHECK(open_descriptors() == before);
}

TEST_CASE("B174: where no pipe can be had nothing is left open and the reactor goes on") {
  note_skip("a limit of descriptors", "Windows lets no process set one");
}

TEST_CASE("B175: signals that this process ignores or blocks are default and free in the child") {
  note_skip("signals of children", "Windows has none that a process could pass on");
}

TEST_CASE("a child runs in its directory, its session, its group and as its user") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(said_by(*reactor, child("place").set_directory(usual_folder())) == usual_folder());
  with_task(*reactor, [&]() -> Task<void> {
    // A group gets Ctrl-Break where there is a console, and is ended elsewhere.
    for (const bool session : {false, true}) {
      Process process =
          Process::spawn(*reactor, child("forever").set_new_group(true).set_new_session(session));
      static_cast<void>(co_await process.output().receive());
      process.terminate();
      const ExitStatus status = co_await process.wait();
      CHECK_FALSE(status.success());
    }
  });
}
