// Strings as Python sees them: sequences of code points, with its rules for case, white space, line
// ends, number formatting and repr. All text is valid UTF-8; positions are in code points.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inference::jinja {

std::vector<std::string_view> characters(std::string_view text);
std::size_t count_characters(std::string_view text);
bool is_ascii(std::string_view text);
// The code points one by one.
std::u32string to_code_points(std::string_view text);
void append_code_point(std::string& out, char32_t code_point);
std::string from_code_points(std::u32string_view code_points);

bool is_space(char32_t c);      // str.isspace of one character
bool is_printable(char32_t c);  // what repr leaves as it is
bool is_alphabetic(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
bool is_word(char32_t c);  // \w

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string casefold(std::string_view text);
std::string capitalize(std::string_view text);
std::string title(std::string_view text);
std::string swapcase(std::string_view text);

enum class Side { Left, Right, Both };
// Removes white space, or the characters in `of` when given.
std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> of = std::nullopt);
// str.splitlines.
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends = false);
// str.split and rsplit; no separator means runs of white space. `splits_max` < 0 means all.
std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               std::int64_t splits_max, bool from_right);
std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    std::int64_t count);

// Python's repr of a float: the shortest digits that read back equal.
std::string repr_float(double value);
std::string repr_string(std::string_view text);
// markupsafe's escaping of & < > " '.
std::string escape_html(std::string_view text);

// What int() and float() accept: surrounding space, underscores between digits, inf and nan.
std::optional<std::int64_t> parse_int(std::string_view text, int base);
std::optional<double> parse_float(std::string_view text);

// A slice of `size` elements: start, step and how many, after Python's rules for absent and
// negative bounds. `step` is not 0.
struct SliceRange {
  std::int64_t start;
  std::int64_t step;
  std::int64_t count;
};
SliceRange slice_range(std::int64_t size, std::optional<std::int64_t> start,
                       std::optional<std::int64_t> stop, std::int64_t step);

}  // namespace inference::jinja
