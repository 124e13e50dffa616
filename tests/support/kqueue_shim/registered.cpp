// Gives a test program on Linux the kqueue reactor, which its platform does not have.
#include "reactors/backends.h"

namespace coil::detail {

namespace {

[[maybe_unused]] const bool added = [] {
  add_backend({ReactorKind::kqueue, [](std::string&) { return make_kqueue_reactor(); }});
  return true;
}();

}  // namespace

}  // namespace coil::detail
