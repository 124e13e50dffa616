// UnreadBytes: what a stream received before anybody asked for it, in the order it came.
#pragma once

#include <coil/runtime/buffer.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

namespace coil::detail {

// One pointer as long as there is nothing, which is nearly always.
class UnreadBytes {
 public:
  UnreadBytes() noexcept {}

  bool empty() const noexcept { return stored_ == nullptr; }
  std::size_t size() const noexcept {
    return stored_ == nullptr ? 0 : stored_->bytes.size() - stored_->taken;
  }
  // Errors: std::bad_alloc, and nothing has changed.
  void append(ConstBytes bytes) { insert(bytes, false); }
  void prepend(ConstBytes bytes) { insert(bytes, true); }
  // Moves as many as fit to `into` and gives their count.
  std::size_t take(MutableBytes into) noexcept {
    const std::size_t size = std::min(into.size(), this->size());
    if (size == 0) return 0;
    std::memcpy(into.data(), stored_->bytes.data() + stored_->taken, size);
    stored_->taken += size;
    if (stored_->taken == stored_->bytes.size()) stored_.reset();
    return size;
  }
  void clear() noexcept { stored_.reset(); }

 private:
  struct Stored {
    std::vector<std::byte> bytes;
    std::size_t taken = 0;  // From the front, so that taking a little is cheap.
  };

  void insert(ConstBytes bytes, bool in_front) {
    if (bytes.empty()) return;
    auto fresh = stored_ == nullptr ? std::make_unique<Stored>() : nullptr;
    Stored& to = fresh ? *fresh : *stored_;
    // Where a rest always stays, what was taken would be carried along for ever.
    if (to.taken * 2 > to.bytes.size()) {
      to.bytes.erase(to.bytes.begin(), to.bytes.begin() + static_cast<std::ptrdiff_t>(to.taken));
      to.taken = 0;
    }
    const auto front = to.bytes.begin() + static_cast<std::ptrdiff_t>(to.taken);
    to.bytes.insert(in_front ? front : to.bytes.end(), bytes.begin(), bytes.end());
    if (fresh) stored_ = std::move(fresh);
  }

  std::unique_ptr<Stored> stored_;
};

}  // namespace coil::detail
