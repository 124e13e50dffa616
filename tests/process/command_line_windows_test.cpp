// A command line is taken apart by the system into what it was made of.
#include <doctest/doctest.h>
#include <windows.h>

#include <shellapi.h>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "command_line_windows.h"

using coil::detail::command_line;

namespace {

using Words = std::vector<std::wstring>;

Words taken_apart(const std::wstring& line) {
  int count = 0;
  wchar_t** const words = ::CommandLineToArgvW(line.c_str(), &count);
  const Words all(words, words + count);
  ::LocalFree(words);
  return all;
}

void check_words(const std::wstring& name, const Words& arguments) {
  Words all = {name};
  all.insert(all.end(), arguments.begin(), arguments.end());
  CHECK(taken_apart(command_line(name, arguments)) == all);
}

}  // namespace

TEST_CASE("arguments with spaces, quotation marks and backslashes arrive as they were") {
  check_words(L"program", {});
  const std::wstring nothing;
  check_words(L"C:\\Program Files\\it\\", {L"plain", L"two words", nothing, L"\ttab\n"});
  check_words(L"p", {L"\"", L"\\", L"\\\"", L"a\\\\b", L"ends in \\", L"\\\\", L"\\\\\" x\\\\"});
  check_words(L"p", {L"--path=C:\\a b\\", L"say \"hello\"", L"\u00e4\u4e2d\U0001f600", L"%PATH%"});
}

TEST_CASE("whatever is made of the letters that matter arrives as it was") {
  std::mt19937 random(1);
  const std::wstring letters = L"a \\\"\t";
  for (int round = 0; round < 2000; ++round) {
    Words arguments(random() % 4);
    for (std::wstring& argument : arguments) {
      for (auto left = random() % 8; left > 0; --left) argument += letters[random() % 5];
    }
    check_words(L"p", arguments);
  }
}

TEST_CASE("a name with a quotation mark cannot be said, and is refused") {
  CHECK_THROWS_AS(command_line(L"a\"b", {}), std::invalid_argument);
}
