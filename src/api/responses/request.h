// From the wire form of a request to what the model is asked: the checks that no single field can
// make, and the translation to the domain.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "agent/run.h"
#include "api/items/parse.h"
#include "api/responses/types.h"
#include "inference/message.h"
#include "tools/tool.h"

namespace api::responses {

// Parses and validates the body in the order of the real API. Throws ApiError.
CreateRequest parse_request(const json::Value& body);

// A function of a namespace, as the model calls it, and who it is.
struct Namespaced {
  std::string space, name;
};
using Namespaces = std::map<std::string, Namespaced>;  // by what the model calls
Namespaces namespaces(const CreateRequest& request);

// The task without messages and project. Throws ApiError for combinations that make no sense and
// for tools that are forced and not served here.
agent::Task to_task(const CreateRequest& request, const tools::Registry& hosted);

// The messages before those of the items: instructions, and what `verbosity` asks for.
std::vector<inference::Message> leading_messages(const CreateRequest& request);

// What only the request's own items can tell. Throws ApiError.
void check_input(const CreateRequest& request, std::span<const items::Item> own);

}  // namespace api::responses
