// The events of a legacy completion as the JSON of stream chunks. One request; one coroutine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/completions/types.h"
#include "base/json/value.h"
#include "base/random.h"
#include "inference/event.h"

namespace api::completions {

// What the object and every chunk repeat.
json::Object head(const CreateRequest& wire, const std::string& id, std::int64_t created);
void add(inference::Usage& total, const inference::Usage& one);
// The bytes of the tokens, one after the other.
std::string text_of(const std::vector<inference::TokenLogprob>& tokens);

class Chunks {
 public:
  Chunks(const CreateRequest& wire, std::string id, std::int64_t created, base::Random& random);

  // The chunks that follow from one event of the prompt with this number. Failed is not handled
  // here.
  std::vector<std::string> add(std::size_t prompt, const inference::Event& event);
  // The usage chunk, when it was asked for.
  std::vector<std::string> finish();

 private:
  struct Piece {
    std::string text;
    std::vector<inference::TokenLogprob> tokens;
    bool prompt_start = false;  // the first token is the first of the prompt
    json::Value finish_reason = nullptr;
  };
  std::string tell(std::size_t prompt, int choice, Piece piece);
  std::string chunk(json::Array choices, json::Value usage);

  const CreateRequest& wire_;  // outlives the chunks: both belong to the stream
  std::string id_;
  std::int64_t created_;
  base::Random& random_;
  bool with_usage_, obfuscate_;
  inference::Usage usage_;
  std::map<std::pair<std::size_t, int>, std::size_t>
      offsets_;  // characters told, by prompt and choice
};

}  // namespace api::completions
