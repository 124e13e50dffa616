// Failures and errors: from codes to exceptions and back.
#include <coil/runtime/failure.h>
#include <coil/runtime/result.h>

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace coil {

namespace {

std::string kind_of_current_exception() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "an exception of another language";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type->name();
}

}  // namespace

Failure Failure::from_code(std::error_code code, const char* what) {
  try {
    throw_error(code, what);
  } catch (...) {
    return current();
  }
}

std::string Failure::getErrorMessage() const {
  if (!exception_) return "no failure";
  try {
    raiseException();
  } catch (const std::exception& error) {
    return error.what();
  } catch (const Cancelled&) {
    return "cancelled";
  } catch (...) {
    return kind_of_current_exception();
  }
}

bool Failure::is_cancelled() const { return check<Cancelled>(); }

std::error_code Failure::code() const {
  std::error_code code;
  visit<std::system_error>([&](const std::system_error& error) { code = error.code(); });
  return code;
}

std::string Error::message() const {
  if (failure_) return failure_.getErrorMessage();
  return *what_ == '\0' ? code_.message() : std::string(what_) + ": " + code_.message();
}

void Error::raise() const {
  if (failure_) failure_.raiseException();
  throw_error(code_, what_);
}

}  // namespace coil
