// From the wire form of a chat request to the domain's: what it means, and the checks that no
// single field can make.
#pragma once

#include "api/chat/types.h"
#include "inference/backend.h"

namespace api::chat {

// Parses and validates the body in the order of the real API. Throws ApiError.
CreateRequest parse_request(const json::Value& body);

// Throws ApiError for combinations that make no sense and for what a text model here cannot do.
inference::GenerateRequest to_generate(const CreateRequest& request);

}  // namespace api::chat
