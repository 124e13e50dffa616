// The main function of every test program: the seed, the deadline of each test case, the skips.
//
// Beside doctest's own options it takes --seed=N, --deadline=SECONDS, and --skips=N, how often
// note_skip() is to be called. A test case that outlives its deadline ends the program with a line
// that names it: every hang is a failure.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "support/skip.h"
#include "support/test_options.h"
#include "support/test_process.h"

namespace {

std::uint64_t seed = 1;
unsigned deadline_seconds = 100;
int skips = 0;
int expected_skips = -1;  // Negative: any number will do.

// Starts the clock of each test case, and stops it at the end of the case.
struct DeadlineListener final : doctest::IReporter {
  explicit DeadlineListener(const doctest::ContextOptions&) {}

  void test_case_start(const doctest::TestCaseData& data) override {
    coil::testing::arm_deadline(data.m_name, deadline_seconds);
  }
  void test_case_end(const doctest::CurrentTestCaseStats&) override {
    coil::testing::disarm_deadline();
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

// Reads `--name=NUMBER` into `value`; false if `argument` is that option with something else.
template <class Number>
bool read_number(std::string_view argument, std::string_view prefix, Number& value) {
  if (!argument.starts_with(prefix)) return true;
  argument.remove_prefix(prefix.size());
  const char* end = argument.data() + argument.size();
  const auto [stop, error] = std::from_chars(argument.data(), end, value);
  return error == std::errc{} && stop == end;
}

}  // namespace

REGISTER_LISTENER("deadline", 1, DeadlineListener);

namespace coil::testing {

void note_skip(std::string_view what, std::string_view reason) {
  ++skips;
  note_lack(what, reason);
}

void note_lack(std::string_view what, std::string_view reason) {
  std::printf("skip: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
              static_cast<int>(reason.size()), reason.data());
  std::fflush(stdout);
}

int skip_count() noexcept { return skips; }

std::uint64_t test_seed() noexcept { return seed; }

std::string test_reactor() {
  const char* name = std::getenv("COIL_TEST_REACTOR");
  return name != nullptr ? name : "";
}

}  // namespace coil::testing

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (!read_number(argv[i], "--seed=", seed) ||
        !read_number(argv[i], "--deadline=", deadline_seconds) ||
        !read_number(argv[i], "--skips=", expected_skips)) {
      std::fprintf(stderr, "%s: not a number.\n", argv[i]);
      return 2;
    }
  }
  coil::testing::prepare_test_process();
  doctest::Context context;
  context.applyCommandLine(argc, argv);
  const int status = context.run();
  if (skips > 0) std::printf("skipped: %d\n", skips);
  if (expected_skips < 0 || skips == expected_skips) return status;
  std::printf("expected to skip: %d, as tests/skips.cmake says\n", expected_skips);
  return status != 0 ? status : 1;
}
