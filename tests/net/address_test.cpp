// Covers: address.h.
#include <coil/net/address.h>

#include <doctest/doctest.h>

#include <set>
#include <unordered_set>
#include <vector>

using namespace coil;

namespace {

TEST_CASE("an address is parsed from what it prints") {
  for (const char* text :
       {"0.0.0.0:0", "127.0.0.1:80", "255.255.255.255:65535", "[::]:0", "[::1]:80", "[fe80::1%3]:1",
        "[2001:db8::ff00:42:8329]:443", "[::ffff:10.0.0.1]:9"}) {
    CAPTURE(text);
    const std::optional<Address> address = Address::parse(text);
    REQUIRE(address.has_value());
    CHECK(address->to_string() == text);
    CHECK(address->ip().is_v6() == (text[0] == '['));
    CHECK(address->family() == (text[0] == '[' ? SocketFamily::ipv6 : SocketFamily::ipv4));
  }
  CHECK(Address::parse("[0:0:0:0:0:0:0:1]:80") == Address::loopback_v6(80));
  CHECK(Address::parse("127.0.0.1:80") == Address::loopback(80));
  CHECK(Address::parse("0.0.0.0:7") == Address::any(7));
  CHECK(Address::parse("[::]:7") == Address::any_v6(7));
  CHECK(Address::parse("[fe80::1%3]:1")->ip().scope() == 3);
}

TEST_CASE("what is no address is refused") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      ":"sv,
                                      ":80"sv,
                                      "127.0.0.1"sv,
                                      "127.0.0.1:"sv,
                                      "127.0.0.1:70000"sv,
                                      "127.0.0.1:-1"sv,
                                      "127.0.0.1:+1"sv,
                                      "127.0.0.1: 80"sv,
                                      "127.0.0.1:80x"sv,
                                      "1.2.3:4"sv,
                                      "1.2.3.256:4"sv,
                                      "host:80"sv,
                                      "::1:80"sv,
                                      "[::1]"sv,
                                      "[::1]80"sv,
                                      "[::1:80"sv,
                                      "[]:80"sv,
                                      "[127.0.0.1]:80"sv,
                                      "[::1%]:80"sv,
                                      "[::1%eth0]:80"sv,
                                      "[::1%4294967296]:80"sv,
                                      "127.0.0.1%0:80"sv,
                                      "127.0.0.1\0:80"sv,
                                      "127.0.0.1\0.9:80"sv,
                                      "[::1\0]:80"sv}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(Address::parse(text).has_value());
  }
}

TEST_CASE("addresses are ordered by family, bytes and port, and work as keys") {
  const std::vector<Address> sorted = {
      Address::parse("1.2.3.4:5").value(),     Address::parse("1.2.3.4:6").value(),
      Address::parse("9.0.0.0:1").value(),     Address::parse("[::1]:1").value(),
      Address::parse("[fe80::1%1]:1").value(), Address::parse("[fe80::1%2]:1").value()};
  for (std::size_t left = 0; left < sorted.size(); ++left) {
    for (std::size_t right = 0; right < sorted.size(); ++right) {
      CHECK((sorted[left] < sorted[right]) == (left < right));
      CHECK((sorted[left] == sorted[right]) == (left == right));
    }
  }
  const std::set<Address> ordered(sorted.begin(), sorted.end());
  CHECK(ordered.size() == sorted.size());
  std::unordered_set<Address> hashed(sorted.begin(), sorted.end());
  hashed.insert(sorted.begin(), sorted.end());
  CHECK(hashed.size() == sorted.size());
  CHECK(hashed.contains(Address::parse("[0::1]:1").value()));
}

TEST_CASE("multicast addresses are known in both families") {
  for (const char* text : {"224.0.0.1", "239.255.255.255", "ff02::1"}) {
    CHECK(IpAddress::parse(text)->is_multicast());
  }
  for (const char* text : {"223.255.255.255", "240.0.0.0", "fe80::1", "::"}) {
    CHECK_FALSE(IpAddress::parse(text)->is_multicast());
  }
}

}  // namespace
