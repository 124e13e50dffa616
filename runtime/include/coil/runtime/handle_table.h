// HandleTable: who owns each descriptor that the reactor serves, and what may still touch it.
#pragma once

#include <coil/runtime/buffer_lease.h>
#include <coil/runtime/detail/in_flight.h>
#include <coil/runtime/detail/unread_bytes.h>
#include <coil/runtime/handle_id.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/operation.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace coil {

class Reactor;

// What a handle is, as far as the reactor must know.
enum class HandleKind : std::uint8_t {
  stream,
  listener,
  datagram,
  pipe,     // One end of a pipe, a terminal or a file: bytes, and no socket calls.
  foreign,  // Somebody else's descriptor: watched here, closed there.
};

// HandleSlot: one entry of the table; what outlives a single await lies here.
//
// Example (tests/examples/handle_example.cpp, "slot"):
//
//   HandleSlot* slot = reactor.handles().find(id);
//   if (slot != nullptr) use(slot->native());
class HandleSlot {
 public:
  HandleSlot() noexcept : native_() {}

  NativeHandle native() const noexcept { return native_; }
  HandleId id() const noexcept { return HandleId(index_, generation_); }
  HandleKind kind() const noexcept { return kind_; }
  bool open() const noexcept { return open_; }
  bool closing() const noexcept { return closing_; }

  // The operations that wait on this handle. Backends walk it; Reactor adds and removes.
  detail::InFlight in_flight;
  // Bytes that are delivered before anything new is received: a hand-over's unread rest, and what
  // came when nobody was waiting.
  detail::UnreadBytes unread;
  // For the backend that serves the handle, and for nobody else: what it notes about the handle,
  // zero when that is opened. One type per backend.
  template <class T>
  T& backend_data() noexcept {
    static_assert(sizeof(T) <= 8 && alignof(T) <= 8 && std::is_trivially_copyable_v<T>);
    return *std::launder(reinterpret_cast<T*>(backend_data_.data()));
  }
  bool backend_registered = false;
  // The backend has a request of its own in flight on the handle: the close waits for its end.
  bool backend_busy = false;
  bool ready_to_read = false;    // A receive may be tried at once.
  bool ended = false;            // The peer's end or an error was seen: receives find it at once.
  bool linger_zero : 1 = false;  // Close resets the connection.
  bool watched_for_good : 1 = false;  // A poller reports every change without being asked again.
  bool in_batch : 1 = false;          // A message of its is in a batch: see Reactor::send_outgoing.

 private:
  friend class HandleTable;

  HandleKind kind_ = HandleKind::stream;
  bool open_ = false;
  bool closing_ = false;
  std::uint32_t index_ = 0;
  std::uint32_t generation_ = 1;
  union {
    NativeHandle native_;
    std::uint32_t next_free_;  // While it serves no handle.
  };
  alignas(8) std::array<std::byte, 8> backend_data_ = {};
};

// HandleTable: slots with generations, at stable addresses.
//
// Example (tests/examples/handle_example.cpp, "stale"):
//
//   HandleId id = reactor.handles().open(handle, HandleKind::stream);
//   reactor.handles().close(id);
//
// Guarantees: close() completes every pending await on the handle with HandleClosed, waits for the
//             last completion, and only then lets the operating system reuse the number.
// Threads:    Reactor thread only.
class HandleTable {
 public:
  explicit HandleTable(Reactor& reactor) noexcept : reactor_(reactor) {}
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  // Takes ownership of a native handle, except of a foreign one.
  HandleId open(NativeHandle native, HandleKind kind);
  // Marks the handle closed; the id is stale from here on. A stale id is ignored.
  void close(HandleId id) noexcept;
  // Gives the native handle back to the caller instead of closing it, and appends to `unread` what
  // the reactor had received ahead: it comes before anything that is received from the handle.
  //
  // Requires: No operation is in flight on it.
  NativeHandle release(HandleId id, std::vector<std::byte>& unread);
  // The slot of a live id; null for a stale one.
  HandleSlot* find(HandleId id) noexcept {
    HandleSlot* slot = find_served(id);
    return slot != nullptr && slot->open_ ? slot : nullptr;
  }
  // The same for backends, which also serve a slot that is being closed.
  HandleSlot* find_served(HandleId id) noexcept {
    if (id.index() >= count_) return nullptr;
    HandleSlot& slot = at(id.index());
    return slot.generation_ == id.generation() ? &slot : nullptr;
  }

  // Handles that are open or still being closed.
  std::size_t size() const noexcept { return live_; }
  // Those of them that are still being closed.
  std::size_t closing() const noexcept { return closing_; }
  // Visits those that are open.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t index = 0; index < count_; ++index) {
      if (at(index).open_) visit(at(index));
    }
  }

  // Reactor only: the last operation of a closing slot has completed.
  void finish_close(HandleSlot& slot) noexcept;

 private:
  static constexpr std::uint32_t chunk_bits = 8;
  static constexpr std::uint32_t chunk_size = 1U << chunk_bits;
  static constexpr std::uint32_t none = UINT32_MAX;

  HandleSlot& at(std::uint32_t index) noexcept {
    return chunks_[index >> chunk_bits][index & (chunk_size - 1)];
  }
  void recycle(HandleSlot& slot) noexcept;

  Reactor& reactor_;
  std::vector<std::unique_ptr<HandleSlot[]>> chunks_;
  std::uint32_t count_ = 0;
  std::uint32_t first_free_ = none;
  std::size_t live_ = 0;
  std::size_t closing_ = 0;
};

}  // namespace coil
