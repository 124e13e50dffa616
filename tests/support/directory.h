// A directory of a test's own.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/test_process.h"

namespace coil::testing {

// Made empty, and removed at the end with all that is in it.
class Directory {
 public:
  Directory() : path_(make_directory()) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  const std::filesystem::path path_;
};

inline std::string text_of(const std::filesystem::path& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_text(const std::filesystem::path& name, const std::string& text) {
  std::ofstream(name) << text;
}

}  // namespace coil::testing
