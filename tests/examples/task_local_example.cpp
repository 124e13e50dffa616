// The examples of task_local.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <string_view>

using namespace coil;

namespace {

std::string noted;

// [request id]
const TaskLocal<std::string> request_id;

Task<void> note(std::string_view text) {
  const std::string* id = co_await request_id.get();
  std::printf("[%s] %s\n", id ? id->c_str() : "-", std::string(text).c_str());
  // [/request id]
  noted = id == nullptr ? "-" : *id;
  // [request id]
}
Task<void> serve_one(std::string id) {
  co_await with_local(request_id, std::move(id), note("received"));
}
// [/request id]

}  // namespace

TEST_CASE("request id") {
  const auto reactor = make_reactor();
  run(*reactor, serve_one("r-17"));
  CHECK(noted == "r-17");
  run(*reactor, note("idle"));
  CHECK(noted == "-");
}
