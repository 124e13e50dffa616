// The examples of address.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>

using namespace coil;

TEST_CASE("parse") {
  // [parse]
  std::optional<IpAddress> ip = IpAddress::parse("fe80::1%2");
  if (ip) std::puts(ip->to_string().c_str());
  // [/parse]
  CHECK(ip.has_value());
  // [parse]
  Address server = Address::parse("[::1]:8007").value();
  Address anywhere = Address::any(0);      // Any IPv4 interface; the system picks a port.
  Address here = Address::loopback(8007);  // 127.0.0.1:8007
  // [/parse]
  CHECK(server.port() == 8007);
  CHECK(anywhere.port() == 0);
  CHECK(here.to_string() == "127.0.0.1:8007");
}
