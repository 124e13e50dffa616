// Sums, products and parentheses as text, for the calculator.
#pragma once

#include <string_view>

namespace samples {

// What "1 + 2 * 3" comes to.
//
// Errors: std::invalid_argument with one sentence.
double value_of(std::string_view expression);

}  // namespace samples
