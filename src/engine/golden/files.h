// Reads the stored reference results (a folder laid out as its README says) for tests and
// for the program that compares everything. Not used in serving.
#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json/value.h"

namespace engine {

Result<std::string> read_file(const std::filesystem::path& path);
Result<json::Value> read_json(const std::filesystem::path& path);

// The names, without the extension and sorted, of the files in `folder` that have `extension`; with
// `only` not empty just that one.
std::vector<std::string> names_in(const std::filesystem::path& folder, std::string_view extension,
                                  std::string_view only);

// The content of a file of numbers; a rest shorter than one is dropped.
template <class T>
std::vector<T> numbers_in(std::string_view bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
  return numbers;
}

// A JSON array of numbers.
std::vector<float> floats_of(const json::Value& array);
std::vector<std::int32_t> ints_of(const json::Value& array);

}  // namespace engine
