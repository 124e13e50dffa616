// The choice of a reactor: what was asked for, what the environment says, what the machine has.
#include <coil/runtime/reactor_factory.h>

#include "pipe_signal.h"
#include "reactors/backends.h"

#include <array>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

namespace coil {

namespace {

constexpr std::array<std::pair<ReactorKind, std::string_view>, 7> names = {{
    {ReactorKind::automatic, "auto"},
    {ReactorKind::io_uring, "io_uring"},
    {ReactorKind::epoll, "epoll"},
    {ReactorKind::kqueue, "kqueue"},
    {ReactorKind::iocp, "iocp"},
    {ReactorKind::poll, "poll"},
    {ReactorKind::select, "select"},
}};

std::vector<detail::Backend>& backends() {
  const std::span<const detail::Backend> own = detail::platform_backends();
  static std::vector<detail::Backend> all(own.begin(), own.end());
  return all;
}

std::string list_of_names() {
  std::string list(to_string(ReactorKind::automatic));
  for (const detail::Backend& backend : backends()) {
    list += ", " + std::string(to_string(backend.kind));
  }
  return list;
}

// Makes one kind, or says in a sentence why it cannot be had.
std::unique_ptr<Reactor> try_make(ReactorKind kind, std::string& refusal) {
  for (const detail::Backend& backend : backends()) {
    if (backend.kind != kind) continue;
    try {
      return backend.make(refusal);
    } catch (const std::exception& error) {
      refusal = error.what();
      return nullptr;
    }
  }
  refusal = "this platform has none; there are " + list_of_names();
  return nullptr;
}

ReactorKind kind_from_environment() {
  const char* value = std::getenv("COIL_REACTOR");
  if (value == nullptr || *value == '\0') return ReactorKind::automatic;
  const std::optional<ReactorKind> kind = reactor_kind_from_string(value);
  if (!kind) {
    throw std::invalid_argument("COIL_REACTOR names no reactor: '" + std::string(value) +
                                "'; it is one of " + list_of_names());
  }
  return *kind;
}

std::unique_ptr<Reactor> make_automatic(const ReactorOptions& options) {
  std::string note;
  for (const detail::Backend& backend : backends()) {
    std::string refusal;
    std::unique_ptr<Reactor> reactor = try_make(backend.kind, refusal);
    if (reactor == nullptr) {
      note += " (" + std::string(to_string(backend.kind)) + " was refused: " + refusal + ")";
      continue;
    }
    if (options.log_sink) {
      options.log_sink(LogRecord(note.empty() ? LogLevel::info : LogLevel::warning,
                                 "using the " + std::string(reactor->name()) + " reactor" + note));
    }
    return reactor;
  }
  throw ReactorUnavailable("no reactor can be had" + note);
}

}  // namespace

std::string_view to_string(ReactorKind kind) noexcept {
  for (const auto& [value, name] : names) {
    if (value == kind) return name;
  }
  return "unknown";
}

std::optional<ReactorKind> reactor_kind_from_string(std::string_view text) noexcept {
  for (const auto& [kind, name] : names) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

std::unique_ptr<Reactor> make_reactor(ReactorOptions options) {
  if (options.kind == ReactorKind::automatic) options.kind = kind_from_environment();
  std::unique_ptr<Reactor> reactor;
  if (options.kind == ReactorKind::automatic) {
    reactor = make_automatic(options);
  } else {
    std::string refusal;
    reactor = try_make(options.kind, refusal);
    if (reactor == nullptr) {
      throw ReactorUnavailable("the " + std::string(to_string(options.kind)) +
                               " reactor cannot be had: " + refusal);
    }
  }
  detail::survive_broken_pipes();
  if (options.log_sink) reactor->set_log_sink(std::move(options.log_sink));
  if (options.stop_deadline) reactor->set_stop_deadline(*options.stop_deadline);
  reactor->set_stop_on_signals(options.stop_on_signals);
  return reactor;
}

std::vector<AvailableReactor> available_reactors() {
  std::vector<AvailableReactor> found;
  for (const detail::Backend& backend : backends()) {
    AvailableReactor entry;
    entry.kind = backend.kind;
    entry.name = std::string(to_string(backend.kind));
    if (const std::unique_ptr<Reactor> reactor = try_make(backend.kind, entry.refusal)) {
      entry.description = reactor->description();
    }
    found.push_back(std::move(entry));
  }
  return found;
}

namespace detail {

void add_backend(Backend backend) { backends().push_back(backend); }

}  // namespace detail

}  // namespace coil
