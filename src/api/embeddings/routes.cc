#include "api/embeddings/routes.h"

#include <bit>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/embeddings/types.h"
#include "base/encoding.h"
#include "base/json/codec.h"
#include "gateway/caller.h"

namespace api::embeddings {
namespace {

static_assert(std::endian::native == std::endian::little,
              "base64 embeddings are little-endian f32");

void append_vector(std::string& out, const std::vector<float>& vector, bool as_base64) {
  if (as_base64) {
    out += '"' + base::base64_encode(std::as_bytes(std::span(vector))) + '"';
    return;
  }
  out += '[';
  char digits[32];
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (i > 0) out += ',';
    const auto end = std::to_chars(digits, digits + sizeof digits, vector[i]).ptr;
    out.append(digits, end);
  }
  out += ']';
}

// Written by hand: thousands of floats through a JSON tree would cost more than computing them.
std::string list_text(const inference::Embeddings& embeddings, const CreateRequest& request) {
  const bool as_base64 = request.encoding_format == "base64";
  std::string out = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < embeddings.vectors.size(); ++i) {
    out += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":)", i > 0 ? "," : "", i);
    append_vector(out, embeddings.vectors[i], as_base64);
    out += '}';
  }
  out += fmt::format(R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                     json::quote(request.model), embeddings.input_tokens, embeddings.input_tokens);
  return out;
}

void check_inputs(const Prompts& input) {
  for (std::size_t i = 0; i < input.each.size(); ++i) {
    const auto* text = std::get_if<std::string>(&input.each[i]);
    if (text && text->empty()) {
      const std::string path = input.each.size() == 1 ? "input" : fmt::format("input[{}]", i);
      reject(ErrorCode::InvalidRequest,
             fmt::format("Invalid '{}': input cannot be an empty string.", path), path,
             "invalid_value");
    }
  }
}

}  // namespace

void EmbeddingsRoutes::add_to(http::Router& router) {
  router.post("/v1/embeddings", this, &EmbeddingsRoutes::create);
}

// POST /v1/embeddings
base::awaitable<http::Response> EmbeddingsRoutes::create(http::Request& request) {
  const json::Value body = co_await json_body(request);
  CreateRequest wire = or_throw(json::read<CreateRequest>(body));
  check_inputs(wire.input);

  inference::EmbedRequest embed;
  embed.model = wire.model;
  embed.inputs = wire.input.each;
  embed.dimensions = wire.dimensions;
  const auto& caller = request.get<gateway::Caller>();
  embed.project = caller.project;
  embed.priority = caller.priority;
  auto embeddings = co_await backend_.embed(std::move(embed));
  co_return http::Response::json(list_text(or_throw(std::move(embeddings)), wire));
}

}  // namespace api::embeddings
