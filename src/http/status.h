// HTTP status codes and methods (RFC 9110, sections 9 and 15).
#pragma once

#include <string_view>

namespace http {

// "Not Found" for 404; "Unknown" for a code without a registered phrase.
std::string_view reason_phrase(int status);

// Other: a method nobody here serves (answered 501).
enum class Method { Get, Head, Post, Put, Patch, Delete, Options, Other };

std::string_view name(Method method);
// Case matters, as the standard says: "get" is Other.
Method parse_method(std::string_view text);

}  // namespace http
