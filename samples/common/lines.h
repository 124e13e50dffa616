// What the samples that speak in lines agree on: lines end with "\n", as nc and telnet send them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace samples {

constexpr std::size_t line_length_max = 1000;

// Telnet ends a line with "\r\n".
inline std::string_view without_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Whether somebody who chats may go by that name: 1 to 20 letters and digits.
inline bool is_nick(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace samples
