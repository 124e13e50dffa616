// The kinds of endpoint that every reactor has.
#include <coil/net/endpoint_strings.h>

#include <coil/runtime/native_handle.h>

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace coil {

namespace {

constexpr std::uint16_t port_max = 65'535;
// The first descriptor that systemd passes.
constexpr std::uint16_t first_passed = 3;

// An address of the kind's family; what is no address is refused with the reason.
IpAddress numeric(const EndpointArguments& arguments, const std::string& name,
                  const std::string& text) {
  const bool v6 = arguments.kind() == "tcp6";
  const std::optional<IpAddress> ip = IpAddress::parse(text);
  if (ip && ip->is_v6() == v6) return *ip;
  throw InvalidAddressError(make_error_code(Errc::address_invalid),
                            "the " + name + " of an endpoint of kind '" + arguments.kind() +
                                "' is a numeric " + (v6 ? "IPv6" : "IPv4") + " address, not '" +
                                text + "'; names are not looked up here");
}

std::unique_ptr<StreamServerEndpoint> tcp_server(Reactor& reactor,
                                                 const EndpointArguments& arguments) {
  const std::uint16_t port = arguments.number("port", 0, port_max);
  Address local = arguments.kind() == "tcp6" ? Address::any_v6(port) : Address::any(port);
  const std::optional<std::string> interface_text = arguments.text("interface");
  if (interface_text && !interface_text->empty()) {
    local = Address(numeric(arguments, "interface", *interface_text), port);
  }
  ListenOptions options;
  if (arguments.text("backlog")) options.set_backlog_max(arguments.number("backlog", 1, port_max));
  return std::make_unique<TcpServerEndpoint>(reactor, local, options);
}

std::unique_ptr<StreamClientEndpoint> tcp_client(Reactor& reactor,
                                                 const EndpointArguments& arguments) {
  const IpAddress host = numeric(arguments, "host", arguments.required("host"));
  const Address peer(host, arguments.number("port", 1, port_max));
  ConnectOptions options;
  if (arguments.text("timeout")) {
    options.set_timeout(std::chrono::seconds(arguments.number("timeout", 1, port_max)));
  }
  const std::optional<std::string> from = arguments.text("bindAddress");
  if (from) options.set_bind_address(Address(numeric(arguments, "bindAddress", *from), 0));
  return std::make_unique<TcpClientEndpoint>(reactor, peer, options);
}

std::unique_ptr<StreamServerEndpoint> adopted(Reactor& reactor, std::uint16_t descriptor) {
  return std::make_unique<AdoptedStreamServerEndpoint>(reactor, NativeHandle(descriptor));
}

std::unique_ptr<StreamServerEndpoint> fd_server(Reactor& reactor,
                                                const EndpointArguments& arguments) {
  return adopted(reactor, arguments.number("fileno", 0, port_max));
}

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// How many descriptors systemd has passed; none if it meant another process.
std::uint16_t passed_count() {
  std::uint32_t count = 0;
  if (from_environment("LISTEN_PID") != std::to_string(process_id())) return 0;
  if (!absl::SimpleAtoi(from_environment("LISTEN_FDS"), &count)) return 0;
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, port_max - first_passed));
}

std::unique_ptr<StreamServerEndpoint> systemd_server(Reactor& reactor,
                                                     const EndpointArguments& arguments) {
  const std::optional<std::string> name = arguments.text("name");
  if (name.has_value() == arguments.text("index").has_value()) {
    throw std::invalid_argument(
        "an endpoint of kind 'systemd' is named by its index or by its name, one of them");
  }
  const std::uint16_t count = passed_count();
  std::uint16_t index = count;
  if (name) {
    const std::string listed = from_environment("LISTEN_FDNAMES");
    const std::vector<std::string> names = absl::StrSplit(listed, ':');
    const auto found = std::ranges::find(names, *name);
    if (found != names.end()) index = static_cast<std::uint16_t>(found - names.begin());
  } else {
    index = arguments.number("index", 0, port_max);
  }
  if (index >= count) {
    throw std::invalid_argument(
        "systemd has passed no descriptor " +
        (name ? "named '" + *name + "'" : "number " + std::to_string(index)) + "; it has passed " +
        std::to_string(count));
  }
  return adopted(reactor, static_cast<std::uint16_t>(first_passed + index));
}

}  // namespace

EndpointKinds::EndpointKinds() {
  const EndpointParameters listening({"port"}, {"interface", "backlog"});
  const EndpointParameters connecting({"host", "port"}, {"timeout", "bindAddress"});
  for (const char* name : {"tcp", "tcp6"}) {
    add_server(name, listening, tcp_server);
    add_client(name, connecting, tcp_client);
  }
  add_server("fd", EndpointParameters({"fileno"}, {}), fd_server);
  add_server("systemd", EndpointParameters({}, {"index", "name"}), systemd_server);
}

}  // namespace coil
