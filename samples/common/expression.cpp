// A sum of products of factors, read from left to right.
#include "common/expression.h"

#include <absl/strings/charconv.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace samples {

namespace {

class Expression {
 public:
  explicit Expression(std::string_view text) : rest_(text) {}

  double value() {
    const double result = sum();
    if (!next().empty()) throw missing("an operator");
    if (!std::isfinite(result)) throw std::invalid_argument("the result is too large");
    return result;
  }

 private:
  double sum() {
    double result = product();
    while (const char sign = take("+-")) {
      const double other = product();
      result += sign == '+' ? other : -other;
    }
    return result;
  }
  double product() {
    double result = factor();
    while (const char sign = take("*/")) {
      const double other = factor();
      if (sign == '/' && other == 0) throw std::invalid_argument("nothing is divided by zero");
      result = sign == '*' ? result * other : result / other;
    }
    return result;
  }
  double factor() {
    if (take("-") != 0) return -factor();
    if (take("(") == 0) return number();
    const double result = sum();
    if (take(")") == 0) throw missing("a closing parenthesis");
    return result;
  }
  double number() {
    const std::string_view text = next();
    double result = 0;
    if (text.find_first_of("0123456789.") != 0) throw missing("a number");
    const auto [end, error] = absl::from_chars(text.data(), text.data() + text.size(), result);
    if (error == std::errc::result_out_of_range)
      throw std::invalid_argument("that is out of range");
    if (error != std::errc()) throw missing("a number");
    rest_.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return result;
  }
  // Takes the next character if it is one of these; else gives 0.
  char take(std::string_view wanted) {
    if (next().empty() || wanted.find(rest_.front()) == std::string_view::npos) return 0;
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }
  // What comes behind the spaces.
  std::string_view next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    return rest_;
  }
  std::invalid_argument missing(const std::string& what) {
    const std::string where = next().empty() ? "at the end" : "before '" + std::string(rest_) + "'";
    return std::invalid_argument(what + " is missing " + where);
  }

  std::string_view rest_;
};

}  // namespace

double value_of(std::string_view expression) { return Expression(expression).value(); }

std::string answer_to(std::string_view line) {
  try {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.15g", value_of(line));
    return text.data();
  } catch (const std::invalid_argument& error) {
    return std::string("error: ") + error.what();
  }
}

}  // namespace samples
