// Commands and exit statuses.
#include <coil/process/command.h>
#include <coil/process/exit_status.h>

#include "signal_names.h"
#include "variables.h"

#include <stdexcept>
#include <string_view>

namespace coil {

ChildDescriptor::ChildDescriptor(char direction)
    : kind_(direction == 'r' ? Kind::read : Kind::write) {
  if (direction != 'r' && direction != 'w') {
    throw std::invalid_argument("a child's descriptor is 'r', 'w' or a number");
  }
}

ChildDescriptor::ChildDescriptor(int descriptor) : kind_(Kind::duplicate), descriptor_(descriptor) {
  if (descriptor < 0) throw std::invalid_argument("a descriptor is no number below 0");
}

Command& Command::set_variable(const std::string& variable, std::string value) {
  if (!environment) environment = current_environment();
  const auto known = detail::find_variable(*environment, variable);
  if (known != environment->end()) environment->erase(known);
  environment->emplace(variable, std::move(value));
  return *this;
}

Command& Command::remove_variable(const std::string& variable) {
  if (!environment) environment = current_environment();
  const auto known = detail::find_variable(*environment, variable);
  if (known != environment->end()) environment->erase(known);
  return *this;
}

Command& Command::set_descriptor(int number, ChildDescriptor what) {
  if (number < 0) throw std::invalid_argument("a descriptor is no number below 0");
  descriptors.insert_or_assign(number, what);
  return *this;
}

Command& Command::set_descriptors(const ChildDescriptors& all) {
  descriptors.clear();
  for (const auto& [number, what] : all) set_descriptor(number, what);
  return *this;
}

std::string ExitStatus::to_string() const {
  if (kind_ == Kind::exited) return "exit code " + std::to_string(number_);
  std::string text = "signal " + std::to_string(number_);
  const std::string name = signal_to_string(number_);
  if (name != text) text += " (" + name + ")";
  return dumped_core_ ? text + ", core dumped" : text;
}

std::optional<int> signal_from_string(std::string_view name) noexcept {
  constexpr std::string_view prefix = "SIG";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  if (name.empty()) return std::nullopt;
  for (int number = 1; number < detail::signal_names_end(); ++number) {
    const char* const known = detail::signal_name(number);
    if (known != nullptr && name == known) return number;
  }
  return std::nullopt;
}

std::string signal_to_string(int number) {
  const char* const known = detail::signal_name(number);
  return known == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string(known);
}

}  // namespace coil
