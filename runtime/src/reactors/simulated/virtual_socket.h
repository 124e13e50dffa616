// VirtualSocket: everything that one socket of the simulated network is and holds. Included by it.
#pragma once

#include "socket_address.h"

#include <coil/runtime/buffer.h>
#include <coil/runtime/handle_id.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/socket_calls.h>
#include <coil/runtime/time_point.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace coil::detail {

// Bytes that arrived, in order; copied in and out by ordinary code.
class ByteQueue {
 public:
  std::size_t size() const noexcept { return bytes_.size() - taken_; }
  bool empty() const noexcept { return size() == 0; }
  void push(ConstBytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  std::size_t pop(MutableBytes into) {
    const std::size_t count = std::min(into.size(), size());
    if (count == 0) return 0;
    std::memcpy(into.data(), bytes_.data() + taken_, count);
    taken_ += count;
    if (taken_ * 2 >= bytes_.size()) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
      taken_ = 0;
    }
    return count;
  }
  void clear() noexcept {
    bytes_.clear();
    taken_ = 0;
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t taken_ = 0;
};

// A part of a stream on its way to its receiver.
class Segment {
 public:
  Segment(TimePoint when, std::vector<std::byte> data, bool last) noexcept
      : arrival(when), bytes(std::move(data)), end(last) {}
  ConstBytes left() const noexcept { return ConstBytes(bytes).skip(taken); }

  TimePoint arrival;
  std::vector<std::byte> bytes;
  std::size_t taken = 0;
  bool end;  // The sender's FIN.
};

class Message {
 public:
  Message(const SocketAddress& from, std::vector<std::byte> data) noexcept
      : sender(from), bytes(std::move(data)) {}
  SocketAddress sender;
  std::vector<std::byte> bytes;
};

class VirtualSocket {
 public:
  enum class Stage : unsigned char { unconnected, listening, connecting, connected, broken };
  static constexpr std::size_t option_total = 13;

  VirtualSocket(NativeHandle handle, SocketFamily in, SocketType of) noexcept
      : native(handle), family(in), type(of) {
    option(SocketOption::send_buffer) = 64 * 1024;
    option(SocketOption::receive_buffer) = (is_stream() ? 64 : 256) * 1024;
    option(SocketOption::multicast_loop) = 1;
    option(SocketOption::multicast_ttl) = 1;
  }

  bool is_stream() const noexcept { return type == SocketType::stream; }
  int& option(SocketOption name) noexcept { return options[static_cast<std::size_t>(name)]; }
  std::size_t capacity(SocketOption buffer) noexcept {
    return static_cast<std::size_t>(std::max(option(buffer), 1));
  }
  // What came with a refusal or a reset is told once.
  int take_error() noexcept { return std::exchange(error, 0); }

  NativeHandle native;
  SocketFamily family;
  SocketType type;
  Stage stage = Stage::unconnected;
  bool named = false;          // Its local address is taken: not so for an accepted connection.
  bool counted = false;        // It counts against the limit: not while it waits in a backlog.
  bool end_arrived = false;    // The peer's FIN was received.
  bool reading_ended = false;  // Shut down here.
  bool writing_ended = false;  // Shut down here.
  bool doomed = false;         // A reset is on its way to it.
  int error = 0;
  std::array<int, option_total> options{};
  std::optional<SocketAddress> local;
  std::optional<SocketAddress> peer;
  HandleId slot;  // Where its operations wait; invalid before the first.

  // A stream: the other end, and what comes from there. The sender's buffer is what it has on the
  // way to the receiver, so both ends of a direction lie in one place.
  NativeHandle other;
  ByteQueue arrived;
  std::deque<Segment> on_the_way;
  std::size_t on_the_way_bytes = 0;
  TimePoint last_arrival;  // Nothing arrives here before it: that keeps the order.

  // A listener.
  std::deque<NativeHandle> backlog;
  std::size_t backlog_max = 0;

  // A datagram socket.
  std::deque<Message> inbox;
  std::size_t inbox_bytes = 0;
  TimePoint last_departure;
  std::vector<SocketAddress> groups;
};

}  // namespace coil::detail
