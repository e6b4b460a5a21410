// What items only refer to: files to read, sealed texts to open. The seams to those who can, and
// the one place that asks them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/items/messages.h"
#include "api/items/parse.h"
#include "base/async.h"
#include "base/ids.h"

namespace api::items {

// Reads input_file parts, and input_image parts by their file's id. Any thread.
class PartReader {
 public:
  virtual ~PartReader() = default;
  // What the part says to the model. `path` is for errors: "input[2].content[0]".
  virtual base::awaitable<Result<std::vector<inference::Part>>> read(base::ProjectId project,
                                                                     json::Object part,
                                                                     std::string path) = 0;
};

// Makes and opens `encrypted_content`. Any thread.
class Sealer {
 public:
  virtual ~Sealer() = default;
  virtual std::string seal(const base::ProjectId& project, std::string_view text) = 0;
  // InvalidRequest, as the real API words it, for what is not ours or not whole. `id` of the item.
  virtual Result<std::string> open(const base::ProjectId& project, std::string_view sealed,
                                   std::string_view id) = 0;
};

// Either may be absent: then what would need it is refused.
struct OutsideReaders {
  PartReader* parts = nullptr;
  Sealer* sealer = nullptr;
};

// Everything the items refer to. `items` must stay where they are until to_messages. Paths count
// from `n_inherited`.
base::awaitable<Result<Outside>> read_outside(OutsideReaders readers, base::ProjectId project,
                                              std::span<const Item> items, std::size_t n_inherited);

}  // namespace api::items
