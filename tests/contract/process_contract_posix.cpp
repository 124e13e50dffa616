// What the contract about processes asks of POSIX systems only.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "support/command_runs.h"
#include "support/contract.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("B162: a script is executed by the program that its first line names") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const std::string path =
      (std::filesystem::temp_directory_path() / ("coil script " + std::to_string(::getpid())))
          .string();
  std::ofstream(path) << "#!/bin/sh\necho \"script $1\"\n";
  ::chmod(path.c_str(), 0700);
  CHECK(said_by(*reactor, Command(path, "one two")) == "script one two\n");
  // Without such a line it is no program.
  std::ofstream(path) << "echo\n";
  CHECK(failure_of(*reactor, Command(path)).find("execute the program") != std::string::npos);
  std::filesystem::remove(path);
}

TEST_CASE("B164: only the descriptors of the command are open in the child, and swaps work") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const int leak = ::open("/dev/null", O_RDONLY);  // Not closed by execve itself.
  CHECK(said_by(*reactor, child("descriptors")) == "0 1 2 ");
  CHECK(said_by(*reactor, child("descriptors").set_descriptor(9, leak)) == "0 1 2 9 ");
  CHECK(said_by(*reactor, child("descriptors").set_descriptors({{1, 'r'}})) == "1 ");
  std::array<int, 2> one{};
  std::array<int, 2> two{};
  REQUIRE(::pipe2(one.data(), O_CLOEXEC) == 0);
  REQUIRE(::pipe2(two.data(), O_CLOEXEC) == 0);
  // Each gets the number of the other, and one stays in its place.
  Command swapped =
      child("say", std::to_string(one[1]), "to two", std::to_string(two[1]), "to one");
  swapped.set_descriptor(one[1], two[1]).set_descriptor(two[1], one[1]).set_descriptor(leak, leak);
  CHECK(end_of(*reactor, swapped).success());
  std::array<char, 16> got{};
  CHECK(::read(two[0], got.data(), got.size()) == 6);
  CHECK(std::string(got.data()) == "to two");
  CHECK(::read(one[0], got.data(), got.size()) == 6);
  CHECK(std::string(got.data()) == "to one");
  for (const int number : {leak, one[0], one[1], two[0], two[1]}) ::close(number);
}

TEST_CASE("B164: a descriptor can be like another, like this process's own, or nothing") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  Command joined = child("noise", "3", "0");
  joined.set_errors(ChildDescriptor::same_as(1)).set_input(ChildDescriptor::null());
  CHECK(said_by(*reactor, joined) == "xxxxxx");
  Command silent = child("cat");
  silent.set_input(ChildDescriptor::null()).set_output(ChildDescriptor::null());
  CHECK(end_of(*reactor, silent).success());
  Command talkative = child("say", "5", "five");
  talkative.set_descriptor(5, 'r');
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, talkative);
    const std::string text = co_await all_of(process.reader(5));
    CHECK(text == "five");
    CHECK_THROWS_AS(process.writer(5), std::out_of_range);
    CHECK_THROWS_AS(process.reader(6), std::out_of_range);
  });
  const int log = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Command inherits = child("descriptors");
  inherits.set_descriptor(log, ChildDescriptor::inherit());
  CHECK(said_by(*reactor, inherits) == "0 1 2 " + std::to_string(log) + " ");
  ::close(log);
}

TEST_CASE("B165: an exit status is a code or a signal") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(end_of(*reactor, child("exit", "0")) == ExitStatus::exited(0));
  const ExitStatus failed = end_of(*reactor, child("exit", "3"));
  CHECK(failed.code() == 3);
  CHECK_FALSE(failed.signal().has_value());
  CHECK_FALSE(failed.success());
  CHECK(failed.to_string() == "exit code 3");
  const ExitStatus killed = end_of(*reactor, child("raise", "15"));
  CHECK(killed.signal() == SIGTERM);
  CHECK_FALSE(killed.code().has_value());
  CHECK(killed.shell_code() == 128 + SIGTERM);
  CHECK(killed.to_string() == "signal 15 (SIGTERM)");
}

TEST_CASE("B168: a child that writes where nobody reads gets a broken pipe") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("flood"));
    const BufferLease some = co_await process.output().receive();
    CHECK_FALSE(some.empty());
    process.output().close();
    const ExitStatus status = co_await process.wait();
    CHECK(status.signal() == SIGPIPE);
  });
}

TEST_CASE("B170: a signal to a child that has ended is refused, whoever reaped it") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  with_task(*reactor, [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("forever"));
    process.signal(SIGKILL);
    const ExitStatus status = co_await process.wait();
    CHECK(status.signal() == SIGKILL);
    CHECK_THROWS_AS(process.terminate(), ProcessExitedAlready);
    Process stolen = Process::spawn(*reactor, child("exit", "0"));
    REQUIRE(::waitpid(stolen.pid(), nullptr, 0) == stolen.pid());
    CHECK_THROWS_AS(stolen.terminate(), ProcessExitedAlready);
    // It is told, and not waited for in vain.
    try {
      co_await stolen.wait();
      CHECK(false);
    } catch (const SystemError& error) {
      CHECK(error.code() == std::errc::no_child_process);
    }
    CHECK_FALSE(stolen.status().has_value());
  });
}

TEST_CASE("B174: what the child could not do is thrown with its name, and nothing is left") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const auto before = open_descriptors();
  const std::string absent = failure_of(*reactor, Command("no such program"));
  CHECK(absent.find("no such program") != std::string::npos);
  CHECK(absent.find("execute the program") != std::string::npos);
  CHECK(absent.find("No such file") != std::string::npos);
  CHECK(failure_of(*reactor, Command("/etc/passwd")).find("ermission") != std::string::npos);
  CHECK(failure_of(*reactor, child("cat").set_directory("/no/such/place"))
            .find("change the directory") != std::string::npos);
  const std::string bad = failure_of(*reactor, child("cat").set_descriptor(7, 9999));
  CHECK(bad.find("set up the descriptors") != std::string::npos);
  CHECK(open_descriptors() == before);
  CHECK(has_no_child());
  CHECK_THROWS_AS(Process::spawn(*reactor, Command("")), std::invalid_argument);
  CHECK_THROWS_AS(Process::spawn(*reactor, Command(std::string("a\0b", 3))), std::invalid_argument);
  CHECK_THROWS_AS(Process::spawn(*reactor, child("cat").set_environment({{"A=B", "1"}})),
                  std::invalid_argument);
  CHECK_THROWS_AS(child("cat").set_descriptor(1, 'x'), std::invalid_argument);
  CHECK_THROWS_AS(child("cat").set_descriptor(-1, 'r'), std::invalid_argument);
  Command nowhere = child("cat");
  nowhere.set_errors(ChildDescriptor::same_as(6));
  CHECK_THROWS_AS(Process::spawn(*reactor, nowhere), std::invalid_argument);
  CHECK(open_descriptors() == before);
}

TEST_CASE("B174: where no pipe can be had nothing is left open and the reactor goes on") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  std::vector<int> all;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int highest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(highest);
  // Room for the first pipe and half of the second one.
  rlimit scarce = before;
  scarce.rlim_cur = static_cast<rlim_t>(highest) + 3;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &scarce) == 0);
  const auto open = open_descriptors();
  const std::string failure = failure_of(*reactor, child("cat"));
  const auto open_after = open_descriptors();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(failure.find("Too many open files") != std::string::npos);
  CHECK(open_after == open);
  CHECK(said_by(*reactor, child("say", "1", "again")) == "again");
}

TEST_CASE("B175: signals that this process ignores or blocks are default and free in the child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const auto ignored = ::signal(SIGUSR1, SIG_IGN);
  sigset_t block;
  sigset_t before;
  ::sigemptyset(&block);
  ::sigaddset(&block, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &block, &before);
  const std::string text = said_by(*reactor, child("signals"));
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, &before, &now);
  CHECK(::sigismember(&now, SIGUSR2) == 1);
  CHECK((::signal(SIGUSR1, ignored) == SIG_IGN));
  CHECK(text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a child runs in its directory, its session, its group and as its user") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(said_by(*reactor, child("place").set_directory("/usr")) == "/usr");
  CHECK(said_by(*reactor, child("session")) == "follows follows");
  CHECK(said_by(*reactor, child("session").set_new_group(true)) == "follows leads");
  CHECK(said_by(*reactor, child("session").set_new_session(true)) == "leads leads");
  if (::geteuid() != 0) {
    note_lack("users of children", "only root may change the user");
    return;
  }
  CHECK(said_by(*reactor, child("identity").set_user(65534).set_group(65533)) == "65534 65533 1");
  CHECK(::geteuid() == 0);
}
