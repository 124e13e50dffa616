// The examples of callback.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <functional>
#include <thread>
#include <utility>

using namespace coil;

namespace {

// A library that calls back from a thread of its own.
class Device {
 public:
  ~Device() { worker.join(); }
  std::thread worker;
};
void library_read(Device& device, std::function<void(int)> done) {
  device.worker = std::thread([done = std::move(done)] { done(7); });
}

Task<int> read_device(Reactor& reactor, Device& device) {
  // [await_callback]
  auto start = [&](Resume<int> resume) {
    library_read(device, [resume](int status) { resume(status); });
  };
  int status = co_await await_callback<int>(reactor, start);
  // [/await_callback]
  co_return status;
}

}  // namespace

TEST_CASE("await_callback") {
  const auto reactor = make_reactor();
  Device device;
  CHECK(run(*reactor, read_device(*reactor, device)) == 7);
}
