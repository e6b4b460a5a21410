// Random generations under schemas: tokens drawn from the masks by random numbers, without a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/json/value.h"
#include "engine/grammar/matcher.h"

namespace bench {

struct WalkOptions {
  std::size_t walks = 4;         // per schema
  std::size_t tokens_max = 512;  // of one generation, which is then closed the short way
  std::uint64_t seed = 1;
};

// What became of the generations, and what they cost.
struct WalkFigures {
  std::size_t schemas = 0, refused = 0, ended = 0, closed = 0, dead_ends = 0;
  std::size_t tokens = 0, refusals = 0;
  double permits_ms = 0, masks_ms = 0;
};

// Each finished text goes to `out` as a line {name, schema, text}, if it is open.
class Walks {
 public:
  Walks(std::shared_ptr<const engine::grammar::Vocabulary> vocabulary, WalkOptions options,
        std::FILE* out)
      : vocabulary_(std::move(vocabulary)), options_(options), out_(out) {}

  void schema(const std::string& name, const json::Value& schema);
  void report() const;

 private:
  enum class End { Complete, Closed, Dead };
  End walk(engine::grammar::Matcher& matcher, std::uint64_t seed, std::string& text);

  std::shared_ptr<const engine::grammar::Vocabulary> vocabulary_;
  WalkOptions options_;
  std::FILE* out_;
  WalkFigures figures_;
};

}  // namespace bench
