// The choice of a reactor: what was asked for, what the environment says, what the machine has.
#include <coil/runtime/reactor_factory.h>

#include "pipe_signal.h"
#include "reactors/backends.h"

#include <array>
#include <cstdlib>
#include <utility>

namespace coil {

namespace {

constexpr std::array<std::pair<ReactorKind, std::string_view>, 5> names = {{
    {ReactorKind::automatic, "auto"},
    {ReactorKind::io_uring, "io_uring"},
    {ReactorKind::epoll, "epoll"},
    {ReactorKind::poll, "poll"},
    {ReactorKind::select, "select"},
}};

// Makes one kind, or says in a sentence why it cannot be had.
std::unique_ptr<Reactor> try_make(ReactorKind kind, std::string& refusal) {
  try {
    switch (kind) {
      case ReactorKind::automatic:
        break;
      case ReactorKind::io_uring:
        return detail::make_io_uring_reactor(refusal);
      case ReactorKind::epoll:
        return detail::make_epoll_reactor();
      case ReactorKind::poll:
        return detail::make_poll_reactor();
      case ReactorKind::select:
        return detail::make_select_reactor();
    }
  } catch (const std::exception& error) {
    refusal = error.what();
  }
  return nullptr;
}

std::string list_of_names() {
  std::string list;
  for (const auto& [kind, name] : names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
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
  for (const ReactorKind kind :
       {ReactorKind::io_uring, ReactorKind::epoll, ReactorKind::poll, ReactorKind::select}) {
    std::string refusal;
    std::unique_ptr<Reactor> reactor = try_make(kind, refusal);
    if (reactor == nullptr) {
      note += " (" + std::string(to_string(kind)) + " was refused: " + refusal + ")";
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
  for (const auto& [kind, name] : names) {
    if (kind == ReactorKind::automatic) continue;
    AvailableReactor entry;
    entry.kind = kind;
    entry.name = std::string(name);
    if (const std::unique_ptr<Reactor> reactor = try_make(kind, entry.refusal)) {
      entry.description = reactor->description();
    }
    found.push_back(std::move(entry));
  }
  return found;
}

}  // namespace coil
