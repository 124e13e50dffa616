// Covers: operations.h: a send that must be whole, where the kernel takes a byte at a time.
#include <coil/net/tcp.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace coil;

namespace {

// Sends are taken at once, one byte each, as by a peer that reads faster than anybody writes.
class EagerReactor final : public Reactor {
 public:
  ~EagerReactor() override { shut_down(); }
  std::string_view name() const noexcept override { return "eager"; }
  SocketCalls& sockets() noexcept override { return real_->sockets(); }
  int sent = 0;

 private:
  Attempt do_submit(Operation& op, HandleSlot&) noexcept override {
    if (op.code() != OpCode::send) return std::nullopt;
    ++sent;
    return 1;
  }
  void do_cancel(Operation& op, HandleSlot&) noexcept override { complete(op, outcome::cancelled); }
  void wait(TimePoint) noexcept override {}
  void wake() noexcept override {}
  void forget(HandleSlot&) noexcept override {}
  TimePoint read_clock() const noexcept override { return real_->now(); }

  std::unique_ptr<Reactor> real_ = make_reactor();
};

TcpStream any_stream(Reactor& reactor) {
  return TcpStream(reactor, reactor.sockets().open(SocketFamily::ipv4, SocketType::stream).value());
}

TEST_CASE("a long write to a peer that takes everything at once lets others run") {
  EagerReactor reactor;
  TcpStream stream = any_stream(reactor);
  const std::string text(1000, 'x');
  bool written = false;
  int turns_of_others = 0;
  auto write = [&]() -> Task<void> {
    co_await stream.write_all(text);
    written = true;
  };
  auto others = [&]() -> Task<void> {
    while (!written) {
      ++turns_of_others;
      co_await yield();
    }
  };
  auto both = [&]() -> Task<void> { co_await when_all(write(), others()); };
  run(reactor, both());
  CHECK(reactor.sent == 1000);
  CHECK(turns_of_others > 10);
  CHECK(reactor.counters().submitted == reactor.counters().completed);
}

TEST_CASE("a long write that lets others run can be cancelled, and closed, meanwhile") {
  EagerReactor reactor;
  const std::string text(1000, 'x');
  auto cancelled = [&]() -> Task<void> {
    TcpStream stream = any_stream(reactor);
    auto body = [&](TaskGroup& group) -> Task<void> {
      auto write = [&]() -> Task<void> { co_await stream.write_all(text); };
      group.spawn(write);
      co_await yield();
      co_await yield();
      group.cancel();
    };
    co_await with_task_group(body);
  };
  run(reactor, cancelled());
  CHECK(reactor.sent > 0);
  CHECK(reactor.sent < 1000);
  auto closed = [&]() -> Task<void> {
    TcpStream stream = any_stream(reactor);
    auto write = [&]() -> Task<void> {
      const Result<> result = co_await as_result(stream.write_all(text));
      CHECK(result.error().code() == Errc::handle_closed);
    };
    auto close = [&]() -> Task<void> {
      co_await yield();
      stream.close();
    };
    co_await when_all(write(), close());
  };
  run(reactor, closed());
  CHECK(reactor.counters().submitted == reactor.counters().completed);
}

}  // namespace
