// The examples of descriptors.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <memory>
#include <string>

using namespace coil;

namespace {

std::string seen;

// [pipe reader]
class PipeInput : public ReadDescriptor {
 public:
  explicit PipeInput(NativeHandle pipe) : pipe_(pipe) {}
  NativeHandle fileno() const override { return pipe_; }
  std::optional<Failure> doRead() override {
    std::array<char, 512> bytes;
    const auto size = ::read(pipe_.descriptor(), bytes.data(), bytes.size());
    if (size <= 0) return Failure(ConnectionDone(make_error_code(Errc::connection_done)));
    seen.append(bytes.data(), static_cast<std::size_t>(size));
    return std::nullopt;  // Nothing is wrong: goes on watching.
  }
  void connectionLost(const Failure&) override { seen += " and the end"; }

 private:
  NativeHandle pipe_;
};
// [/pipe reader]

class PipeOutput : public WriteDescriptor {
 public:
  explicit PipeOutput(NativeHandle pipe) : pipe_(pipe) {}
  NativeHandle fileno() const override { return pipe_; }
  std::optional<Failure> doWrite() override {
    CHECK(::write(pipe_.descriptor(), "hello", 5) == 5);
    ::close(pipe_.descriptor());
    return Failure(ConnectionDone(make_error_code(Errc::connection_done)));
  }
  void connectionLost(const Failure&) override {}

 private:
  NativeHandle pipe_;
};

}  // namespace

TEST_CASE("pipe reader and pipe writer") {
  Reactor& reactor = *make_reactor(ReactorOptions().set_kind(ReactorKind::poll)).release();
  const std::unique_ptr<Reactor> owner(&reactor);
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const NativeHandle handle(pipe[0]);
  auto writer = std::make_shared<PipeOutput>(NativeHandle(pipe[1]));
  // [pipe reader]
  reactor.addReader(std::make_shared<PipeInput>(handle));
  // [/pipe reader]
  // [pipe writer]
  reactor.addWriter(writer);
  // [/pipe writer]
  while (!reactor.getReaders().empty()) reactor.iterate(std::chrono::milliseconds(10));
  CHECK(seen == "hello and the end");
  ::close(pipe[0]);
}
