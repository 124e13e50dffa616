// Two ByteStreams that are connected in memory.
#include <coil/testing/memory_stream.h>

#include <coil/runtime/detail/unread_bytes.h>
#include <coil/runtime/error.h>
#include <coil/runtime/event.h>
#include <coil/runtime/sleep.h>

#include <algorithm>

namespace coil::testing {

// What flows one way: bytes that one end has written and the other has not read.
class MemoryStream::Direction {
 public:
  explicit Direction(std::size_t capacity_bytes) noexcept : capacity_bytes_(capacity_bytes) {
    if (capacity_bytes == 0) contract_violation("a MemoryStream was made without any capacity");
    writable_.set();
  }

  static Task<std::size_t> read(std::shared_ptr<Direction> self, MutableBytes into) {
    if (into.empty()) co_return 0;
    for (;;) {
      co_await self->readable_.wait();
      if (self->reader_closed_) throw_error(make_error_code(Errc::handle_closed), "read_some");
      if (const std::size_t size = self->bytes_.take(into)) {
        self->tell();
        co_return size;
      }
      if (self->ended_) co_return 0;
    }
  }

  static Task<std::size_t> write(std::shared_ptr<Direction> self, ConstBytes from) {
    if (from.empty()) co_return 0;
    for (;;) {
      co_await self->writable_.wait();
      self->check_writable();
      if (const std::size_t room = self->room()) {
        const ConstBytes taken = from.first(room);
        self->bytes_.append(taken);
        self->tell();
        co_return taken.size();
      }
    }
  }

  static Task<void> end(std::shared_ptr<Direction> self) {
    co_await yield();
    if (self->writer_closed_) throw_error(make_error_code(Errc::handle_closed), "shutdown_write");
    self->ended_ = true;
    self->tell();
  }

  void close_reader() noexcept {
    reader_closed_ = true;
    tell();
  }
  void close_writer() noexcept {
    writer_closed_ = true;
    ended_ = true;
    tell();
  }

 private:
  std::size_t room() const noexcept { return capacity_bytes_ - bytes_.size(); }
  void check_writable() const {
    if (writer_closed_) throw_error(make_error_code(Errc::handle_closed), "write_some");
    if (!ended_ && !reader_closed_) return;
    throw_error(make_error_code(std::errc::broken_pipe), "write_some");
  }
  // Wakes whoever need not wait any more.
  void tell() noexcept {
    const bool over = ended_ || reader_closed_;
    tell(readable_, over || !bytes_.empty());
    tell(writable_, over || room() != 0);
  }
  static void tell(Event& event, bool now) noexcept { now ? event.set() : event.clear(); }

  std::size_t capacity_bytes_;
  detail::UnreadBytes bytes_;
  Event readable_;
  Event writable_;
  bool ended_ = false;
  bool reader_closed_ = false;
  bool writer_closed_ = false;
};

MemoryStream::MemoryStream(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out) noexcept
    : in_(std::move(in)), out_(std::move(out)) {}

std::pair<MemoryStream, MemoryStream> MemoryStream::pair(std::size_t capacity_bytes) {
  const auto there = std::make_shared<Direction>(capacity_bytes);
  const auto back = std::make_shared<Direction>(capacity_bytes);
  return {MemoryStream(back, there), MemoryStream(there, back)};
}

MemoryStream& MemoryStream::operator=(MemoryStream&& other) noexcept {
  if (this == &other) return *this;
  close();
  in_ = std::move(other.in_);
  out_ = std::move(other.out_);
  read_max_bytes_ = other.read_max_bytes_;
  return *this;
}

Task<std::size_t> MemoryStream::read_some(MutableBytes into) {
  if (in_ == nullptr) contract_violation("a MemoryStream was used after it was moved from");
  return Direction::read(in_, into.first(read_max_bytes_));
}

Task<std::size_t> MemoryStream::write_some(ConstBytes from) {
  if (out_ == nullptr) contract_violation("a MemoryStream was used after it was moved from");
  return Direction::write(out_, from);
}

Task<void> MemoryStream::shutdown_write() {
  if (out_ == nullptr) contract_violation("a MemoryStream was used after it was moved from");
  return Direction::end(out_);
}

// Nothing read would be taken for the end of the stream.
void MemoryStream::set_read_max(std::size_t bytes) noexcept {
  if (bytes == 0) contract_violation("a MemoryStream was told to read nothing at a time");
  read_max_bytes_ = bytes;
}

void MemoryStream::close() noexcept {
  if (in_ == nullptr) return;
  in_->close_reader();
  out_->close_writer();
}

}  // namespace coil::testing
