// The examples of buffer.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <array>
#include <string_view>

using namespace coil;

TEST_CASE("views") {
  // [views]
  std::array<std::byte, 512> storage;
  MutableBytes all = storage;
  MutableBytes head = all.first(4);
  // [/views]
  CHECK(all.size() == 512);
  CHECK(head.size() == 4);
  // [views]
  ConstBytes greeting = "hello\n";  // Six bytes.
  std::string_view text = as_text(greeting);
  // [/views]
  CHECK(greeting.size() == 6);
  CHECK(text == "hello\n");
}
