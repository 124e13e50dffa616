// The examples of log.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace coil;

TEST_CASE("collect") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  // [collect]
  std::vector<std::string> lines;
  reactor.set_log_sink([&](const LogRecord& record) { lines.push_back(record.text()); });
  // [/collect]
  reactor.callLater(Duration::zero(), [] { throw std::runtime_error("broken"); });
  reactor.iterate();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("broken") != std::string::npos);
}
