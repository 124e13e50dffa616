// An object that a function is called on, and the line that calls it. Included by functions whose
// arguments end in a pack, where no parameter can follow that knows its caller.
#pragma once

#include <source_location>

namespace coil::detail {

template <class T>
class CalledOn {
 public:
  // Implicit: the caller writes the object alone.
  CalledOn(T& object, std::source_location site = std::source_location::current()) noexcept
      : object_(object), site_(site) {}
  T& object() const noexcept { return object_; }
  std::source_location site() const noexcept { return site_; }

 private:
  T& object_;
  std::source_location site_;
};

}  // namespace coil::detail
