// Reactors by name, for tests.
#include <coil/testing/reactors.h>

#include "reactors/backends.h"

#include <coil/runtime/reactor_factory.h>
#include <coil/testing/simulated_reactor.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>

namespace coil {

namespace testing {

namespace {

constexpr std::array<std::string_view, 7> names = {"io_uring", "epoll",  "kqueue",   "iocp",
                                                   "poll",     "select", "simulated"};

std::string_view environment(const char* name) noexcept {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

std::span<const std::string_view> reactor_names() noexcept { return names; }

std::unique_ptr<Reactor> make_test_reactor(std::string_view name, std::uint64_t seed,
                                           std::string& refusal) {
  if (name == "simulated") return detail::make_simulated_reactor(seed);
  const std::optional<ReactorKind> kind = reactor_kind_from_string(name);
  if (!kind) {
    refusal = "no reactor has the name '" + std::string(name) + "'";
    return nullptr;
  }
  try {
    return make_reactor(ReactorOptions().set_kind(*kind));
  } catch (const std::exception& error) {
    refusal = error.what();
    return nullptr;
  }
}

std::uint64_t contract_seed() {
  const std::string_view text = environment("COIL_SEED");
  if (text.empty()) return 1;
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || stop != end) {
    throw std::invalid_argument("COIL_SEED is no number: '" + std::string(text) + "'");
  }
  return seed;
}

std::unique_ptr<Reactor> make_contract_reactor() {
  const std::string_view name = environment("COIL_TEST_REACTOR");
  if (name == "simulated") {
    auto reactor = std::make_unique<SimulatedReactor>(contract_seed());
    reactor->network().set_partial_transfers(false);
    reactor->network().set_latency(std::chrono::microseconds(1), std::chrono::microseconds(10));
    reactor->set_foreign_threads(true);
    return reactor;
  }
  const std::optional<ReactorKind> kind = reactor_kind_from_string(name.empty() ? "auto" : name);
  if (!kind) {
    throw std::invalid_argument("COIL_TEST_REACTOR names no reactor: '" + std::string(name) + "'");
  }
  return make_reactor(ReactorOptions().set_kind(*kind));
}

}  // namespace testing

namespace detail {

std::unique_ptr<Reactor> make_simulated_reactor(std::uint64_t seed) {
  return std::make_unique<testing::SimulatedReactor>(seed);
}

}  // namespace detail

}  // namespace coil
