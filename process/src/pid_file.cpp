// What a pid file says, and who holds it.
#include <coil/process/pid_file.h>

#include <coil/runtime/native_handle.h>

#include "owned_descriptor.h"
#include "pid_text.h"

#include <charconv>
#include <system_error>
#include <utility>

namespace coil {

namespace detail {

long number_in(std::string_view text) noexcept {
  const std::string_view digits = text.substr(0, text.find('\n'));
  int number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
  return whole && number > 0 ? number : 0;
}

void refuse_held(const std::filesystem::path& name, long owner) {
  const std::string who = owner == 0 ? "another process" : "process " + std::to_string(owner);
  throw PidFileHeld(who + " runs already: it holds the pid file " + name.string(), owner);
}

}  // namespace detail

PidFile::PidFile(const std::filesystem::path& name)
    : name_(std::filesystem::absolute(name)), owner_(process_id()) {
  try {
    while (!open_and_lock()) {
    }
    write_number();
  } catch (...) {
    detail::OwnedDescriptor(std::exchange(descriptor_, -1)).close();
    throw;
  }
}

}  // namespace coil
