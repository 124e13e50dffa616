// ByteStream: what every stream of bytes offers, and the one type that hides which it is.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/error.h>
#include <coil/runtime/task.h>

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace coil {

// ReadStream: reads some bytes at a time; 0 is the end of the stream.
template <class S>
concept ReadStream = requires(S& stream, MutableBytes in) {
  { stream.read_some(in) } -> AwaitableOf<std::size_t>;
};

// WriteStream: writes some bytes at a time, and ends what its reader sees.
template <class S>
concept WriteStream = requires(S& stream, ConstBytes out) {
  { stream.write_some(out) } -> AwaitableOf<std::size_t>;
  { stream.shutdown_write() } -> AwaitableOf<void>;
};

// ByteStream: both ways.
template <class S>
concept ByteStream = ReadStream<S> && WriteStream<S>;

// AnyStream: owns a ByteStream of any type.
//
// Example (tests/examples/stream_example.cpp, "any stream"):
//
//   AnyStream stream(co_await TcpStream::connect(reactor, server));
//   co_await write_all(stream, "hello\n");
//
// Cost: One task frame per call; use the stream itself where its type is known.
class AnyStream {
 public:
  template <ByteStream S>
    requires(!std::same_as<std::remove_cvref_t<S>, AnyStream>)
  explicit AnyStream(S stream) : held_(std::make_unique<Holder<S>>(std::move(stream))) {}

  Task<std::size_t> read_some(MutableBytes into) { return held().read_some(into); }
  Task<std::size_t> write_some(ConstBytes from) { return held().write_some(from); }
  Task<void> shutdown_write() { return held().shutdown_write(); }

 private:
  class Base {
   public:
    virtual ~Base() = default;
    virtual Task<std::size_t> read_some(MutableBytes into) = 0;
    virtual Task<std::size_t> write_some(ConstBytes from) = 0;
    virtual Task<void> shutdown_write() = 0;
  };
  template <class S>
  class Holder final : public Base {
   public:
    explicit Holder(S stream) : stream_(std::move(stream)) {}
    Task<std::size_t> read_some(MutableBytes into) override {
      co_return co_await stream_.read_some(into);
    }
    Task<std::size_t> write_some(ConstBytes from) override {
      co_return co_await stream_.write_some(from);
    }
    Task<void> shutdown_write() override { co_await stream_.shutdown_write(); }

   private:
    S stream_;
  };

  Base& held() const {
    if (held_ == nullptr) contract_violation("an AnyStream was used after it was moved from");
    return *held_;
  }

  std::unique_ptr<Base> held_;
};

}  // namespace coil
