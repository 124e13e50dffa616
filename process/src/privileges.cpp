// What names and masks mean, on every system.
#include <coil/process/privileges.h>

#include <charconv>
#include <system_error>

namespace coil {

std::optional<std::filesystem::path> name_inside(const std::filesystem::path& root,
                                                 const std::filesystem::path& name) {
  const std::filesystem::path rest =
      name.lexically_normal().lexically_relative((root / "").lexically_normal());
  if (rest.empty() || *rest.begin() == "..") return std::nullopt;
  return (std::filesystem::path("/") / rest).lexically_normal();
}

std::optional<unsigned> parse_umask(std::string_view text) noexcept {
  unsigned mask = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), mask, 8);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return mask <= 0777 ? std::optional<unsigned>(mask) : std::nullopt;
}

}  // namespace coil
