// Words of a command line as commands.
#include "common/commands.h"

#include <algorithm>
#include <stdexcept>

namespace samples {

coil::Command to_command(const std::vector<std::string>& words) {
  if (words.empty()) throw std::invalid_argument("which command? write it behind '--'");
  return coil::Command(words.front(), std::vector<std::string>(words.begin() + 1, words.end()));
}

std::vector<coil::Command> to_commands(const std::vector<std::string>& words) {
  std::vector<coil::Command> commands;
  auto begin = words.begin();
  for (;;) {
    const auto end = std::find(begin, words.end(), "|");
    commands.push_back(to_command(std::vector<std::string>(begin, end)));
    if (end == words.end()) return commands;
    begin = end + 1;
  }
}

}  // namespace samples
