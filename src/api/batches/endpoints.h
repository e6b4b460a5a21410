// Which endpoints a batch may be for.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace api::batches {

struct Endpoint {
  std::string_view path;
  // Lines of one batch that run at a time: enough to keep the engine's steps full, few enough that
  // their answers fit into memory.
  std::size_t lines_at_once;
};

// All that the API names; those the router has no route for are refused when a batch is validated.
inline constexpr std::array kEndpoints{
    Endpoint{"/v1/responses", 64},   Endpoint{"/v1/chat/completions", 64},
    Endpoint{"/v1/embeddings", 16},  Endpoint{"/v1/completions", 64},
    Endpoint{"/v1/moderations", 16}, Endpoint{"/v1/images/generations", 2},
    Endpoint{"/v1/images/edits", 2}, Endpoint{"/v1/videos", 1},
};

constexpr const Endpoint* find_endpoint(std::string_view path) {
  for (const Endpoint& endpoint : kEndpoints) {
    if (endpoint.path == path) return &endpoint;
  }
  return nullptr;
}

}  // namespace api::batches
