// As much of HTTP as a server needs that answers one question per connection.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace samples {

// What a request asks for, taken apart: "/announce?port=6881" has a path and one argument.
//
// Errors: std::invalid_argument with one sentence.
class Target {
 public:
  explicit Target(std::string_view text);
  // From the first line of a request, such as "GET /stats HTTP/1.1".
  static Target of_request(std::string_view line);

  const std::string& path() const noexcept { return path_; }
  // Empty if it is not given.
  std::string argument(const std::string& name) const;
  // Errors: std::invalid_argument if it is not given, or no number from `least` to `most`.
  std::size_t number(const std::string& name, std::size_t least, std::size_t most) const;

 private:
  std::string path_;
  std::map<std::string, std::string> arguments_;
};

// A whole answer, behind which the connection is closed; `status` is such as "200 OK".
std::string http_answer(const std::string& status, const std::string& body);

}  // namespace samples
