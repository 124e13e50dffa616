// Pending output of one connection: what is being sent, and what came meanwhile.
#pragma once

#include <coil/runtime/buffer.h>

#include <cstddef>
#include <utility>
#include <vector>

namespace coil::detail {

// Two buffers that change places: writes append to one while the other is on its way out, so the
// bytes in flight never move and the writes of one turn go out together.
//
// An idle connection holds no memory: buffers that grew are dropped when everything has gone.
class WriteBuffer {
 public:
  void append(ConstBytes data) { queued_.insert(queued_.end(), data.begin(), data.end()); }
  bool empty() const noexcept { return queued_.empty() && unsent().empty(); }
  std::size_t size() const noexcept { return queued_.size() + unsent().size(); }

  // What to send next; the bytes stay where they are until they were sent.
  ConstBytes next() noexcept {
    if (unsent().empty()) {
      sending_.clear();
      sent_ = 0;
      std::swap(sending_, queued_);
    }
    return unsent();
  }
  void sent(std::size_t count) noexcept { sent_ += count; }
  // Drops both buffers. Requires: Nothing is in flight.
  void clear() noexcept {
    queued_ = {};
    sending_ = {};
    sent_ = 0;
  }
  // Drops what is not in flight yet.
  void drop_queued() noexcept { queued_ = {}; }

 private:
  ConstBytes unsent() const noexcept { return ConstBytes(sending_).skip(sent_); }

  std::vector<std::byte> queued_;
  std::vector<std::byte> sending_;
  std::size_t sent_ = 0;
};

}  // namespace coil::detail
