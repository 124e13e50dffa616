// Collects the failures of Deferreds that nobody handled.
#pragma once

#include <coil/runtime/deferred.h>

#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace coil::testing {

class Unhandled {
 public:
  Unhandled()
      : before_(
            set_unhandled_failure_sink([this](const Failure& failure, std::source_location site) {
              seen.push_back(failure.getErrorMessage());
              sites.push_back(site);
            })) {}
  Unhandled(const Unhandled&) = delete;
  Unhandled& operator=(const Unhandled&) = delete;
  ~Unhandled() { set_unhandled_failure_sink(std::move(before_)); }

  std::vector<std::string> seen;
  std::vector<std::source_location> sites;

 private:
  UnhandledFailureSink before_;
};

inline Failure broken(const char* what = "broken") { return Failure(std::runtime_error(what)); }

}  // namespace coil::testing
