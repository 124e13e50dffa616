// What the contract about the ends of children asks of Windows in its own way, or cannot ask of it.
#include <chrono>

#include "support/command_runs.h"
#include "support/contract.h"
#include "support/descriptors.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

TEST_CASE("a child that does not heed SIGTERM is killed when its grace has passed") {
  note_skip("grace", "no child of Windows can refuse its end, or put it off");
}

TEST_CASE("a stubborn child is killed when the time of a stop has passed, whatever its grace") {
  note_skip("grace", "no child of Windows can refuse its end, or put it off");
}

TEST_CASE("a child that is stopped ends without delay when it is given up") {
  note_skip("stopped children", "Windows has no signal that stops a process");
}

TEST_CASE("a child that may not be signaled any more does not hold up the reactor's end") {
  note_skip("children of others", "a process of Windows keeps its user");
}

TEST_CASE("a child that was released outlives its Process and its reactor") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  int pid = 0;
  RawPipe line;
  {
    auto made = make_contract_reactor();
    Process process = Process::spawn(*made, child("wait").set_input(line.reading.number()));
    pid = process.pid();
    process.release();
    CHECK_FALSE(process.is_open());
    Process reaped = Process::spawn(*made, child("exit", "0"));
    const int gone = reaped.pid();
    reaped.release();
    while (is_there(gone)) made->iterate(milliseconds(5));
  }
  CHECK(is_there(pid));
  line.reading.close();
  line.writing.close();
  await_end_of(pid);
}
