// Items to what a model reads. A pure function of the items and what was read for them: the same
// beginning gives the same beginning.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "api/items/parse.h"
#include "inference/message.h"

namespace api::items {

// A part whose contents are elsewhere: input_file, and input_image by its file's id.
struct OutsidePart {
  const json::Object* part = nullptr;  // lives in the items
  std::string path;                    // "input[2].content[0]", for errors
};
// `n_inherited`: how many of `items` come before the request's own; paths count from there.
std::vector<OutsidePart> outside_parts(std::span<const Item> items, std::size_t n_inherited);

// What had to be fetched or opened for the items.
struct Outside {
  std::map<const json::Object*, std::vector<inference::Part>> parts;  // by the part
  std::map<std::string, std::string, std::less<>> opened;  // `encrypted_content` to its text
};

// InvalidRequest for a part that is neither text nor in `outside`.
Result<std::vector<inference::Message>> to_messages(std::span<const Item> items,
                                                    const Outside& outside = {});

// How a model sees a function of a namespace: "crm__lookup". The plain name without one.
std::string qualified_name(std::string_view space, std::string_view name);

}  // namespace api::items
