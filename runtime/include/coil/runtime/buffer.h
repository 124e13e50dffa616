// Byte views: what every read fills and every write sends.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coil {

// MutableBytes: a view of memory that a read may fill.
//
// Example (tests/examples/buffer_example.cpp, "views"):
//
//   std::array<std::byte, 512> storage;
//   MutableBytes all = storage;
//   MutableBytes head = all.first(4);
//
// Requires:   The memory outlives every operation that was given the view.
class MutableBytes {
 public:
  constexpr MutableBytes() noexcept {}
  constexpr MutableBytes(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}
  constexpr MutableBytes(std::span<std::byte> bytes) noexcept
      : data_(bytes.data()), size_(bytes.size()) {}
  template <std::size_t N>
  constexpr MutableBytes(std::array<std::byte, N>& bytes) noexcept
      : data_(bytes.data()), size_(N) {}
  MutableBytes(std::vector<std::byte>& bytes) noexcept : data_(bytes.data()), size_(bytes.size()) {}
  MutableBytes(std::span<char> text) noexcept
      : data_(reinterpret_cast<std::byte*>(text.data())), size_(text.size()) {}
  template <std::size_t N>
  MutableBytes(std::array<char, N>& text) noexcept : MutableBytes(std::span<char>(text)) {}
  MutableBytes(std::string& text) noexcept : MutableBytes(std::span<char>(text)) {}

  constexpr std::byte* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr std::byte* begin() const noexcept { return data_; }
  constexpr std::byte* end() const noexcept { return data_ + size_; }
  constexpr std::byte& operator[](std::size_t index) const noexcept { return data_[index]; }

  // Returns the first `count` bytes; a larger count gives everything.
  constexpr MutableBytes first(std::size_t count) const noexcept {
    return {data_, count < size_ ? count : size_};
  }
  // Returns everything after the first `count` bytes; a larger count gives nothing.
  constexpr MutableBytes skip(std::size_t count) const noexcept {
    return count < size_ ? MutableBytes(data_ + count, size_ - count) : MutableBytes();
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// ConstBytes: a view of memory that a write sends; text converts without its terminating NUL.
//
// Example (tests/examples/buffer_example.cpp, "views"):
//
//   ConstBytes greeting = "hello\n";       // Six bytes.
//   std::string_view text = as_text(greeting);
//
// Requires:   The memory outlives every operation that was given the view.
class ConstBytes {
 public:
  constexpr ConstBytes() noexcept {}
  constexpr ConstBytes(const std::byte* data, std::size_t size) noexcept
      : data_(data), size_(size) {}
  constexpr ConstBytes(std::span<const std::byte> bytes) noexcept
      : data_(bytes.data()), size_(bytes.size()) {}
  constexpr ConstBytes(std::span<std::byte> bytes) noexcept
      : data_(bytes.data()), size_(bytes.size()) {}
  constexpr ConstBytes(MutableBytes bytes) noexcept : data_(bytes.data()), size_(bytes.size()) {}
  template <std::size_t N>
  constexpr ConstBytes(const std::array<std::byte, N>& bytes) noexcept
      : data_(bytes.data()), size_(N) {}
  ConstBytes(const std::vector<std::byte>& bytes) noexcept
      : data_(bytes.data()), size_(bytes.size()) {}
  ConstBytes(std::string_view text) noexcept
      : data_(reinterpret_cast<const std::byte*>(text.data())), size_(text.size()) {}
  ConstBytes(const std::string& text) noexcept : ConstBytes(std::string_view(text)) {}
  ConstBytes(const char* text) noexcept : ConstBytes(std::string_view(text)) {}

  constexpr const std::byte* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr const std::byte* begin() const noexcept { return data_; }
  constexpr const std::byte* end() const noexcept { return data_ + size_; }
  constexpr const std::byte& operator[](std::size_t index) const noexcept { return data_[index]; }

  // Returns the first `count` bytes; a larger count gives everything.
  constexpr ConstBytes first(std::size_t count) const noexcept {
    return {data_, count < size_ ? count : size_};
  }
  // Returns everything after the first `count` bytes; a larger count gives nothing.
  constexpr ConstBytes skip(std::size_t count) const noexcept {
    return count < size_ ? ConstBytes(data_ + count, size_ - count) : ConstBytes();
  }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Views text as bytes.
inline ConstBytes as_bytes(std::string_view text) noexcept { return ConstBytes(text); }

// Views bytes as text; the view is valid as long as the bytes are.
inline std::string_view as_text(ConstBytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Copies bytes into an owned string.
inline std::string to_string(ConstBytes bytes) { return std::string(as_text(bytes)); }

}  // namespace coil
