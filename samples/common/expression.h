// Sums, products and parentheses as text, for the calculator.
#pragma once

#include <string>
#include <string_view>

namespace samples {

// What "1 + 2 * 3" comes to.
//
// Errors: std::invalid_argument with one sentence.
double value_of(std::string_view expression);

// The same as text. What is wrong with a line is an answer as good as any.
std::string answer_to(std::string_view line);

}  // namespace samples
