// Descriptions of endpoints: taking them apart, and finding the kind that they name.
#include <coil/net/endpoint_strings.h>

#include <absl/strings/str_join.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace coil {

namespace {

// One argument of a description; nameless if it is given by its position.
class Argument {
 public:
  std::optional<std::string> name;
  std::string value;
};

std::vector<Argument> take_apart(std::string_view description) {
  std::vector<Argument> arguments(1);
  for (std::size_t at = 0; at < description.size(); ++at) {
    Argument& last = arguments.back();
    char letter = description[at];
    if (letter == ':') {
      arguments.emplace_back();
      continue;
    }
    if (letter == '=' && !last.name && arguments.size() > 1) {
      last.name = std::exchange(last.value, "");
      continue;
    }
    if (letter == '\\') {
      if (++at == description.size()) {
        throw std::invalid_argument("the description '" + std::string(description) +
                                    "' ends with a backslash that quotes nothing");
      }
      letter = description[at];
    }
    last.value += letter;
  }
  return arguments;
}

[[noreturn]] void refuse(const std::string& kind, const EndpointParameters& parameters,
                         const std::string& complaint) {
  throw std::invalid_argument("an endpoint of kind '" + kind + "' " + complaint + "; it takes " +
                              absl::StrJoin(parameters.names, ", "));
}

}  // namespace

std::optional<std::string> EndpointArguments::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::uint16_t EndpointArguments::number(const std::string& name, std::uint16_t least,
                                        std::uint16_t most) const {
  const std::string& text = required(name);
  std::uint16_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < least || number > most) {
    throw std::invalid_argument("the " + name + " of an endpoint of kind '" + kind_ +
                                "' is a number from " + std::to_string(least) + " to " +
                                std::to_string(most) + ", not '" + text + "'");
  }
  return number;
}

EndpointArguments EndpointKinds::bind(const EndpointParameters& parameters,
                                      std::string_view description) {
  std::vector<Argument> given = take_apart(description);
  EndpointArguments arguments;
  arguments.kind_ = given.front().value;
  for (std::size_t at = 1; at < given.size(); ++at) {
    Argument& argument = given[at];
    if (!argument.name) {
      if (at > parameters.names.size()) {
        refuse(arguments.kind_, parameters, "has no place for '" + argument.value + "'");
      }
      argument.name = parameters.names[at - 1];
    }
    if (std::ranges::find(parameters.names, *argument.name) == parameters.names.end()) {
      refuse(arguments.kind_, parameters, "has no parameter '" + *argument.name + "'");
    }
    if (!arguments.values_.try_emplace(*argument.name, argument.value).second) {
      refuse(arguments.kind_, parameters, "was given '" + *argument.name + "' twice");
    }
  }
  for (std::size_t at = 0; at < parameters.required_count; ++at) {
    if (arguments.values_.contains(parameters.names[at])) continue;
    refuse(arguments.kind_, parameters, "needs '" + parameters.names[at] + "'");
  }
  return arguments;
}

template <class Make>
auto EndpointKinds::make(const Kinds<Make>& kinds, const char* role, Reactor& reactor,
                         std::string_view description) {
  const std::string name = take_apart(description).front().value;
  const auto found = kinds.find(name);
  if (found == kinds.end()) {
    const auto append = [](std::string* out, const auto& kind) { out->append(kind.first); };
    throw std::invalid_argument("this build has no " + std::string(role) + " endpoint of kind '" +
                                name + "'; there are " + absl::StrJoin(kinds, ", ", append));
  }
  return found->second.make(reactor, bind(found->second.parameters, description));
}

EndpointKinds& EndpointKinds::of(Reactor& reactor) {
  std::shared_ptr<EndpointKinds> kinds = reactor.find<EndpointKinds>();
  if (kinds == nullptr) {
    kinds = std::make_shared<EndpointKinds>();
    reactor.install(kinds);
  }
  return *kinds;
}

void EndpointKinds::add_server(const std::string& name, EndpointParameters parameters,
                               MakeServer make) {
  servers_.insert_or_assign(name, Kind<MakeServer>{std::move(parameters), std::move(make)});
}

void EndpointKinds::add_client(const std::string& name, EndpointParameters parameters,
                               MakeClient make) {
  clients_.insert_or_assign(name, Kind<MakeClient>{std::move(parameters), std::move(make)});
}

std::unique_ptr<StreamServerEndpoint> EndpointKinds::server(Reactor& reactor,
                                                            std::string_view description) const {
  return make(servers_, "server", reactor, description);
}

std::unique_ptr<StreamClientEndpoint> EndpointKinds::client(Reactor& reactor,
                                                            std::string_view description) const {
  return make(clients_, "client", reactor, description);
}

std::unique_ptr<StreamServerEndpoint> serverFromString(Reactor& reactor,
                                                       std::string_view description) {
  return EndpointKinds::of(reactor).server(reactor, description);
}

std::unique_ptr<StreamClientEndpoint> clientFromString(Reactor& reactor,
                                                       std::string_view description) {
  return EndpointKinds::of(reactor).client(reactor, description);
}

std::string quoteStringArgument(std::string_view value) {
  std::string quoted;
  for (const char letter : value) {
    if (letter == ':' || letter == '\\' || letter == '=') quoted += '\\';
    quoted += letter;
  }
  return quoted;
}

}  // namespace coil
