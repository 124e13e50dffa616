// Operating system handles and socket addresses, carried without operating system headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace coil {

// NativeHandle: the number or pointer by which the operating system knows a descriptor.
//
// Example (tests/examples/handle_example.cpp, "native handle"):
//
//   NativeHandle input(0);
//   if (input.valid()) reactor.handles().open(input, HandleKind::foreign);
class NativeHandle {
 public:
  constexpr NativeHandle() noexcept {}
  constexpr explicit NativeHandle(std::intptr_t value) noexcept : value_(value) {}

  constexpr bool valid() const noexcept { return value_ != -1; }
  constexpr std::intptr_t value() const noexcept { return value_; }
  // Returns the POSIX descriptor number.
  constexpr int descriptor() const noexcept { return static_cast<int>(value_); }

  friend constexpr bool operator==(NativeHandle, NativeHandle) noexcept = default;

 private:
  std::intptr_t value_ = -1;
};

// NativeAddress: a socket address in the operating system's own layout, opaque to portable code.
//
// Example (tests/examples/handle_example.cpp, "native address"):
//
//   Result<NativeAddress> local = sockets.local_address(handle);
//   bool known = local && local->size() != 0;
//
// Guarantees: Large enough for every family that the reactors serve (IPv4, IPv6, UNIX paths).
class NativeAddress {
 public:
  static constexpr std::size_t capacity = 112;

  NativeAddress() noexcept {}
  explicit NativeAddress(std::span<const std::byte> raw) noexcept {
    size_ = static_cast<std::uint32_t>(raw.size() < capacity ? raw.size() : capacity);
    if (size_ != 0) std::memcpy(bytes_, raw.data(), size_);
  }

  const std::byte* data() const noexcept { return bytes_; }
  std::byte* data() noexcept { return bytes_; }
  std::uint32_t size() const noexcept { return size_; }
  void set_size(std::uint32_t size) noexcept {
    size_ = size < capacity ? size : static_cast<std::uint32_t>(capacity);
  }

 private:
  alignas(8) std::byte bytes_[capacity];  // Only the first size_ bytes have a value.
  std::uint32_t size_ = 0;
};

// The number of this process, as its environment may name it.
long process_id() noexcept;

}  // namespace coil
