// /proc on Linux.
#include "proc.h"

#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COIL_HAS_FOREIGN_THREAD 1
#endif
#endif

namespace coil::detail {

int thread_count() noexcept {
#if defined(COIL_HAS_FOREIGN_THREAD) || defined(__SANITIZE_THREAD__)
  return 0;  // The thread sanitizer has one of its own.
#else
  std::error_code error;
  int count = 0;
  std::filesystem::directory_iterator entry("/proc/self/task", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  return error ? 0 : count;
#endif
}

// Field 22 of the line counts clock ticks since the machine began. Seconds are exact enough: a
// process that writes a file has lived for a moment, and the doubt goes to the living.
bool has_run_since(long process, std::time_t moment) noexcept {
  constexpr std::time_t doubt = 2;
  try {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    const std::string line{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::size_t name_end = line.rfind(')');  // The name may contain anything.
    if (name_end == std::string::npos) return true;
    std::istringstream fields(line.substr(name_end + 1));
    char state = 0;
    fields >> state;
    if (state == 'Z' || state == 'X') return false;
    std::string skipped;
    for (int field = 4; field < 22; ++field) fields >> skipped;
    unsigned long long ticks = 0;
    if (!(fields >> ticks)) return true;
    timespec since_boot = {};
    ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
    const auto age = static_cast<std::time_t>(ticks) / ::sysconf(_SC_CLK_TCK);
    return ::time(nullptr) - since_boot.tv_sec + age <= moment + doubt;
  } catch (...) {
    return true;
  }
}

}  // namespace coil::detail
