// Counts allocations by standing in front of the C library's, so that every library is counted.
#include "meter.h"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

thread_local constinit std::int64_t made = 0;

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  ++made;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++made;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  ++made;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++made;
  return __libc_memalign(alignment, size);
}

}  // extern "C"

namespace bench {

std::int64_t allocations() noexcept { return made; }

std::size_t heap_bytes() noexcept {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

Meter::~Meter() {
  const std::string size = size_ == 0 ? std::string() : ":" + std::to_string(size_);
  std::printf("%s%s ns %.2f %.2f\n", name_, size.c_str(), best_ns_, best_allocations_);
}

void Meter::start() noexcept {
  start_allocations_ = allocations();
  start_ = std::chrono::steady_clock::now();
}

void Meter::stop(std::int64_t count) noexcept {
  const auto now = std::chrono::steady_clock::now();
  const auto per = static_cast<double>(count);
  add(std::chrono::duration<double, std::nano>(now - start_).count() / per,
      static_cast<double>(allocations() - start_allocations_) / per);
}

void Meter::add(double ns_per_step, double allocations_per_step) noexcept {
  best_ns_ = std::min(best_ns_, ns_per_step);
  best_allocations_ = std::min(best_allocations_, allocations_per_step);
}

void print_bytes(const char* name, double bytes) { std::printf("%s bytes %.1f 0\n", name, bytes); }

int run_named(int argc, char** argv, std::span<const Measurement> measurements) {
  if (argc == 1) {
    for (const Measurement& each : measurements) each.run(each.size);
  }
  for (int index = 1; index < argc; ++index) {
    const std::string argument = argv[index];
    const std::size_t colon = argument.find(':');
    const std::string name = argument.substr(0, colon);
    const auto found = std::find_if(measurements.begin(), measurements.end(),
                                    [&](const Measurement& each) { return name == each.name; });
    if (found == measurements.end()) {
      std::fprintf(stderr, "%s does not measure '%s'\n", argv[0], name.c_str());
      return 2;
    }
    const bool sized = colon != std::string::npos;
    found->run(sized ? std::atoll(argument.c_str() + colon + 1) : found->size);
  }
  std::fflush(stdout);
  std::_Exit(0);
}

}  // namespace bench
