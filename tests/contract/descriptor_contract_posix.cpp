// The part of the contract about descriptors that is for POSIX systems: broken pipes.
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "support/contract.h"
#include "support/foreign_pipe.h"

using namespace coil;
using coil::testing::WatchedPipe;

namespace {

class Caller : public ReadDescriptor {
 public:
  Caller(WatchedPipe& pipe, std::function<void()> then) : pipe_(pipe), then_(std::move(then)) {}
  NativeHandle fileno() const override { return pipe_.reading(); }
  std::optional<Failure> doRead() override {
    char byte = 0;
    static_cast<void>(pipe_.get(byte));
    then_();
    return std::nullopt;
  }
  void connectionLost(const Failure&) override {}

 private:
  WatchedPipe& pipe_;
  std::function<void()> then_;
};

TEST_CASE("a callback that writes to a pipe that nobody reads gets an error and lives") {
  COIL_KERNEL_CONTRACT(reactor, "descriptors");
  WatchedPipe broken;
  broken.close_end(0);
  WatchedPipe pipe;
  int error = 0;
  auto writes = [&] {
    if (::write(broken.writing().descriptor(), "x", 1) < 0) error = errno;
  };
  reactor->addReader(std::make_shared<Caller>(pipe, writes));
  pipe.put('a');
  for (int turns = 0; turns < 1000 && error == 0; ++turns) {
    reactor->iterate(std::chrono::milliseconds(1));
  }
  CHECK(error == EPIPE);
  reactor->removeAll();
}

}  // namespace
