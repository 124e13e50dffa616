// What Windows does not have is refused, each thing with a sentence that names it.
#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "support/directory.h"

using namespace coil;

namespace {

void check_refused(const std::function<void()>& call, const std::string& sentence) {
  try {
    call();
    CHECK_MESSAGE(false, sentence);
  } catch (const SystemError& error) {
    CHECK(error.code() == Errc::not_supported);
    CHECK_MESSAGE(std::string(error.what()).find(sentence) != std::string::npos, error.what());
  }
}

}  // namespace

TEST_CASE("daemons, users, roots and masks are refused") {
  check_refused([] { daemonize(); }, "install a service");
  check_refused([] { Identity("nobody"); }, "no numbers of users and groups");
  check_refused([] { Identity("nobody", "nogroup"); }, "no numbers of users and groups");
  check_refused([] { Identity::current(); }, "no numbers of users and groups");
  check_refused([] { change_root("C:\\"); }, "no root of its own");
  check_refused([] { change_umask(027); }, "the rights of their folder");
  // What needs no system is there.
  CHECK(parse_umask("027") == 027U);
}

TEST_CASE("a log is opened again by a call, since no signal could ask for it") {
  const testing::Directory directory;
  LogFile log(directory / "log");
  const auto reactor = make_reactor();
  check_refused([&] { log.reopen_on_hangup(*reactor); }, "call reopen()");
}
