// `prompt` and `input`: a string, strings, tokens, or arrays of tokens. Completions and embeddings
// take the same forms.
#pragma once

#include <vector>

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"
#include "inference/backend.h"

namespace api {

struct Prompts {
  std::vector<inference::RawPrompt> each;

  static Result<Prompts> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

}  // namespace api
