// What becomes of a child's own children, who are in its job.
#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>

#include "support/child.h"

using namespace coil;
using namespace coil::testing;

namespace {

Task<int> number_from(PipeReader& reader) {
  const BufferLease text = co_await reader.receive();
  co_return std::stoi(std::string(as_text(text.bytes())));
}

}  // namespace

TEST_CASE("a child that is given up takes along what it has started") {
  const auto reactor = make_reactor();
  auto begins = [&]() -> Task<int> {
    Process process = Process::spawn(*reactor, child("family"));
    const int grandchild = co_await number_from(process.errors());
    CHECK(is_there(grandchild));
    co_return grandchild;
  };
  const int grandchild = run(*reactor, begins());
  settle(*reactor);
  await_end_of(grandchild);
  CHECK_FALSE(is_there(grandchild));
}

TEST_CASE("a child that ends by itself, or is released, leaves alone what it has started") {
  const auto reactor = make_reactor();
  for (const bool releases : {false, true}) {
    auto begins = [&]() -> Task<void> {
      Process process = Process::spawn(*reactor, child(releases ? "family" : "grandchild"));
      const int parent = process.pid();
      const int grandchild = co_await number_from(process.errors());
      if (releases) {
        PipeWriter input = std::move(process.input());
        process.release();
        CHECK(is_there(parent));
        kill_and_reap(parent);
        CHECK(is_there(grandchild));
        input.close();
      } else {
        const ExitStatus status = co_await process.wait();
        CHECK(status.success());
        CHECK(is_there(grandchild));
        process.input().close();
      }
      await_end_of(grandchild);
    };
    run(*reactor, begins());
    settle(*reactor);
  }
}
