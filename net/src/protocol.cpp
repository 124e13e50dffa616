// The name that a protocol goes by.
#include <coil/net/protocol.h>

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace coil {

std::string Protocol::logPrefix() const {
  const char* const type = typeid(*this).name();
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type;
}

}  // namespace coil
