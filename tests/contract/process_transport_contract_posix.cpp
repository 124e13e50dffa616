// What the contract about the transports of children asks of POSIX systems only.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include "support/child.h"
#include "support/contract.h"
#include "support/process_notes.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("B164: exactly the mapped descriptors are open in the child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const int own = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const auto notes = finished(*reactor, {"descriptors"},
                              SpawnOptions().set_child_fds({{1, 'r'}, {2, 2}, {6, own}, {7, 'w'}}));
  CHECK(notes->out == "1 2 6 7 ");
  CHECK(notes->count("lost 1") == 1);
  CHECK(notes->count("lost 7") == 1);
  CHECK(notes->count("lost 2") == 0);  // Not this side's.
  CHECK(::fcntl(own, F_GETFD) == FD_CLOEXEC);
  ::close(own);
}

TEST_CASE("B164: any descriptor of the child can be written and read here") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_made = [](ProcessTransport& line) {
    line.writeToChild(4, "over there");
    line.closeChildFD(4);
  };
  spawned(*reactor, notes, {"copy", "4", "5"}, SpawnOptions().set_child_fds({{4, 'w'}, {5, 'r'}}));
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->received[5] == "over there");
  CHECK(notes->out.empty());
  CHECK(notes->count("in") + notes->count("out") + notes->count("err") == 0);
}

TEST_CASE("B172: a system call that another thread blocks in is not interrupted by a child's end") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  std::array<int, 2> line{};
  REQUIRE(::pipe2(line.data(), O_CLOEXEC) == 0);
  ssize_t got = 0;
  std::thread reader([&] {
    char byte = 0;
    got = ::read(line[0], &byte, 1);
  });
  for (int each = 0; each < 5; ++each) finished(*reactor, {"exit", "0"});
  REQUIRE(::write(line[1], "x", 1) == 1);
  reader.join();
  CHECK(got == 1);
  ::close(line[0]);
  ::close(line[1]);
}

TEST_CASE("B174: what fails before there is a child is thrown, and nothing else is closed") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const int own = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const auto before = open_descriptors();
  auto notes = std::make_shared<ProcessNotes>();
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlimit scarce = limit;
  scarce.rlim_cur = static_cast<rlim_t>(own) + 4;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &scarce) == 0);
  CHECK_THROWS_AS(spawned(*reactor, notes, {"cat"},
                          SpawnOptions().set_child_fds({{0, own}, {1, 'r'}, {2, 'r'}})),
                  SystemError);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(open_descriptors() == before);
  CHECK(::fcntl(own, F_GETFD) == FD_CLOEXEC);
  CHECK(notes->seen.empty());
  CHECK_THROWS_AS(spawnProcess(*reactor, nullptr, COIL_TEST_CHILD, {}), std::invalid_argument);
  ::close(own);
}

TEST_CASE("B175: what this process ignores is default in the child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const auto before = ::signal(SIGHUP, SIG_IGN);
  const auto notes = finished(*reactor, {"signals"});
  ::signal(SIGHUP, before);
  CHECK(notes->out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("B176: on a terminal the child sees one, and all its output comes as one") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_data = [&](ProcessTransport& line) {
    if (notes->received[1].find("controlling") == std::string::npos) return;
    notes->on_data = nullptr;
    line.write("k\n");
    line.closeStdin();  // A terminal has no sides.
  };
  spawned(*reactor, notes, {"terminal"}, SpawnOptions().set_pty(true));
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->out.find("tty tty tty controlling") != std::string::npos);
  CHECK(notes->out.find("got k") != std::string::npos);
  CHECK(notes->err.empty());
  CHECK(notes->count("lost 1") == 1);
  CHECK(notes->count("lost 0") == 0);
  CHECK(notes->seen.back() == "ended");
  CHECK_THROWS_AS(spawned(*reactor, notes, {"terminal"},
                          SpawnOptions().set_pty(true).set_child_fds({{0, 'w'}})),
                  std::invalid_argument);
}

TEST_CASE("B176: a terminal can be given, and losing it hangs the child up") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(master >= 0);
  REQUIRE(::grantpt(master) == 0);
  REQUIRE(::unlockpt(master) == 0);
  const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_data = [&](ProcessTransport& line) { line.loseConnection(); };
  spawned(*reactor, notes, {"forever"},
          SpawnOptions().set_pty(NativeHandle(master), NativeHandle(slave)));
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->out == "ready");
  notes->why.visit<ProcessTerminated>(
      [](const ProcessTerminated& error) { CHECK(error.signal() == SIGHUP); });
}
