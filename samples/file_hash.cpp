// A parallel file hasher: reads that block go to the pool of threads, the loop keeps the account.
//
// Run it:  coil hash --jobs 4 samples/*.cpp
// On a terminal it shows how far it is; on a pipe there is nothing but the results, in the order of
// the files. Ctrl-C ends it within one block of each file.
#include "common/samples.h"
#include "common/sha256.h"

#include <coil/runtime/log.h>
#include <coil/runtime/run.h>
#include <coil/runtime/sleep.h>
#include <coil/runtime/task_group.h>
#include <coil/threads/thread_pool.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

namespace samples {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

// The account: the loop's own, but for the bytes, which every thread adds to.
struct Hashing {
  std::vector<std::string> files;
  std::vector<std::string> lines;  // Of results; empty while there is none.
  std::size_t printed = 0;
  std::size_t failed = 0;
  std::uintmax_t bytes_in_all = 0;
  std::atomic<std::uintmax_t> bytes_done{0};
};

// Runs in a thread. The frame of the task that awaits it, and so the account, outlives it.
std::string hash_file(const std::string& path, Hashing& hashing, const std::stop_token& token) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) throw std::system_error(errno, std::generic_category());
  Sha256 hash;
  std::array<std::byte, 64 * 1024> block;
  for (;;) {
    const std::size_t size = std::fread(block.data(), 1, block.size(), file.get());
    if (std::ferror(file.get()) != 0) throw std::system_error(errno, std::generic_category());
    if (size == 0) return hash.hex_digest();
    if (token.stop_requested()) throw coil::Cancelled();
    hash.add(coil::ConstBytes(block).first(size));
    hashing.bytes_done += size;
  }
}

std::uintmax_t size_of_all(const std::vector<std::string>& files) {
  std::uintmax_t sum = 0;
  for (const std::string& path : files) {
    std::error_code unknown;
    const std::uintmax_t size = std::filesystem::file_size(path, unknown);
    if (!unknown) sum += size;
  }
  return sum;
}

void erase_bar() {
  if (coil::output_is_terminal()) std::printf("\r\x1b[K");
}

coil::Task<void> show_bar(const Hashing& hashing) {
  constexpr std::size_t width = 40;
  for (;;) {
    const std::uintmax_t all = std::max<std::uintmax_t>(hashing.bytes_in_all, 1);
    const std::uintmax_t done = std::min<std::uintmax_t>(hashing.bytes_done, all);
    const auto marks = static_cast<std::size_t>(done * width / all);
    std::printf("\r[%s%s] %3d %%", std::string(marks, '#').c_str(),
                std::string(width - marks, '.').c_str(), static_cast<int>(done * 100 / all));
    std::fflush(stdout);
    co_await coil::sleep(std::chrono::milliseconds(100));
  }
}

void print_what_is_next(Hashing& hashing) {
  erase_bar();
  while (hashing.printed < hashing.lines.size() && !hashing.lines[hashing.printed].empty()) {
    const std::string& line = hashing.lines[hashing.printed++];
    const bool is_error = line.front() == ' ';
    std::fprintf(is_error ? stderr : stdout, "%s\n", line.c_str() + (is_error ? 1 : 0));
  }
  std::fflush(stdout);
}

coil::Task<void> hash_one(coil::BlockingExecutor& pool, Hashing& hashing, std::size_t number) {
  const std::string& path = hashing.files[number];
  auto work = [&](const std::stop_token& token) { return hash_file(path, hashing, token); };
  try {
    const std::string digest = co_await pool.run(work);
    hashing.lines[number] = digest + "  " + path;
  } catch (const std::system_error& error) {
    ++hashing.failed;
    hashing.lines[number] = " coil: " + path + ": " + error.code().message();
  }
  print_what_is_next(hashing);
}

coil::Task<int> hash_all(coil::Reactor& reactor, Hashing& hashing) {
  const std::shared_ptr<coil::BlockingExecutor> pool = coil::getThreadPool(reactor);
  auto add_up = [&] { return size_of_all(hashing.files); };
  hashing.bytes_in_all = co_await pool->run(add_up);
  auto each = [&](coil::TaskGroup& group) -> coil::Task<void> {
    for (std::size_t number = 0; number < hashing.files.size(); ++number) {
      group.spawn(&hash_one, coil::outlives_group(*pool), coil::outlives_group(hashing), number);
    }
    co_return;
  };
  auto with_bar = [&](coil::TaskGroup& group) -> coil::Task<void> {
    if (coil::output_is_terminal()) group.spawn(&show_bar, coil::outlives_group(hashing));
    co_await coil::with_task_group(each);
    group.cancel();
  };
  co_await coil::with_task_group(with_bar);
  erase_bar();
  co_return hashing.failed == 0 ? 0 : 1;
}

}  // namespace

int file_hash(coil::Reactor& reactor, const HashOptions& options) {
  Hashing hashing;
  hashing.files = options.files;
  hashing.lines.resize(options.files.size());
  coil::suggestThreadPoolSize(reactor, options.jobs);
  return coil::react(reactor, [&](coil::Reactor& given) { return hash_all(given, hashing); });
}

}  // namespace samples
