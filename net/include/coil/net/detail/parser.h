// Parser: what the parsers of lines and frames share, which is the bytes not parsed yet.
#pragma once

#include <coil/runtime/buffer.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace coil::detail {

// What is popped is a view into the kept bytes: until the next push() or pop() they stay in place.
class Parser {
 public:
  // Adds bytes that arrived, split anywhere; they are copied.
  void push(ConstBytes bytes) {
    forget_consumed();
    bytes_.append(as_text(bytes));
  }
  // Why pop() gave nothing although more bytes would not help; no code if they would. It stays so
  // until the bytes are taken or the limit is raised.
  std::error_code error() const noexcept { return error_; }
  // Gives everything that was not parsed, and forgets it; what was popped last stays valid.
  std::string take_rest() {
    std::string rest(unread());
    consume(rest.size());
    error_ = std::error_code();
    return rest;
  }
  // Tells whether nothing waits to be parsed.
  bool empty() const noexcept { return unread().empty(); }

  // Lines and frames may be as long as this, counted without what frames them.
  std::size_t max_length() const noexcept { return max_length_; }
  void set_max_length(std::size_t bytes) noexcept { max_length_ = bytes; }

 protected:
  explicit Parser(std::size_t max_length) noexcept : max_length_(max_length) {}
  ~Parser() = default;
  Parser(const Parser&) = default;
  Parser& operator=(const Parser&) = default;
  Parser(Parser&&) noexcept = default;
  Parser& operator=(Parser&&) noexcept = default;

  // Opens a pop(): gives what it looks at.
  std::string_view begin() {
    error_ = std::error_code();
    forget_consumed();
    return unread();
  }
  std::string_view unread() const noexcept { return std::string_view(bytes_).substr(consumed_); }
  void consume(std::size_t size) noexcept {
    consumed_ += size;
    searched_ = 0;
  }
  std::nullopt_t refuse(std::error_code why) noexcept {
    error_ = why;
    return std::nullopt;
  }

  std::size_t searched_ = 0;  // So many of the unread bytes need not be looked at again.

 private:
  // A connection that waits for its next line should not hold what a large one needed.
  static constexpr std::size_t idle_bytes_max = 4096;

  void forget_consumed() {
    if (consumed_ == bytes_.size() && bytes_.capacity() > idle_bytes_max) {
      std::string().swap(bytes_);
    } else if (consumed_ * 2 >= bytes_.size()) {  // Else the rest would be moved again and again.
      bytes_.erase(0, consumed_);
    } else {
      return;
    }
    consumed_ = 0;
  }

  std::string bytes_;
  std::size_t consumed_ = 0;
  std::size_t max_length_;
  std::error_code error_;
};

}  // namespace coil::detail
