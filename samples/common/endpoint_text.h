// Endpoint descriptions of the command line, in Twisted's syntax.
#pragma once

#include <coil/net/address.h>

#include <string>
#include <string_view>

namespace samples {

// Where to listen: "tcp:8007", "udp:0:interface=127.0.0.1", "tcp:port=0:interface=\:\:1".
//
// Errors: std::invalid_argument with one sentence.
coil::Address parse_listen(std::string_view text, std::string_view type);
// Where to connect: "tcp:127.0.0.1:8007", "udp:host=127.0.0.1:port=8007".
coil::Address parse_connect(std::string_view text, std::string_view type);

}  // namespace samples
