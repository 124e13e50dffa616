// Quoting: a backslash means itself, unless a quotation mark follows.
#include "command_line_windows.h"

#include <stdexcept>

namespace coil::detail {

namespace {

void add_quoted(std::wstring& line, const std::wstring& argument) {
  line += L'"';
  std::size_t backslashes = 0;
  for (const wchar_t letter : argument) {
    // Before a mark that is to be one, each is doubled, and one more goes before the mark.
    if (letter == L'"') line.append(backslashes + 1, L'\\');
    backslashes = letter == L'\\' ? backslashes + 1 : 0;
    line += letter;
  }
  line.append(backslashes, L'\\');  // And before the mark that ends it.
  line += L'"';
}

}  // namespace

std::wstring command_line(const std::wstring& name, const std::vector<std::wstring>& arguments) {
  // The first word is read by other rules: there a backslash is never more than that.
  if (name.find(L'"') != std::wstring::npos) {
    throw std::invalid_argument("the name of a program contains a quotation mark");
  }
  std::wstring line = L'"' + name + L'"';
  for (const std::wstring& argument : arguments) {
    line += L' ';
    if (!argument.empty() && argument.find_first_of(L" \t\n\v\"") == std::wstring::npos) {
      line += argument;
    } else {
      add_quoted(line, argument);
    }
  }
  return line;
}

}  // namespace coil::detail
