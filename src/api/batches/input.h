// The input file of a batch: its lines, read in flat memory, checked, and put into a good order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/batches/endpoints.h"
#include "api/batches/record.h"
#include "base/error.h"
#include "base/json/value.h"
#include "blob/blob_store.h"

namespace api::batches {

// Where a line stands in the file. `number` is 1-based and counts blank lines too.
struct LinePlace {
  std::int64_t number = 0;
  std::int64_t offset = 0;
  std::int64_t size = 0;
};

// Every line that is not blank, in order. Blocks. An error of `visit` ends it.
using VisitLine = std::function<Status(const LinePlace& place, std::string_view text)>;
Status each_line(const blob::BlobReader& file, const VisitLine& visit);
Result<std::string> read_line(const blob::BlobReader& file, const LinePlace& place);

struct Validation {
  std::vector<LineError> errors;  // at most limits::batch_errors_max; none: the file is good
  std::int64_t lines = 0;
  std::string model = {};  // of all lines; empty when they name none
};
// Reads the whole file; blocks. An error is one of the disk.
Result<Validation> validate(const blob::BlobReader& file, const Endpoint& endpoint,
                            const std::function<bool(const std::string&)>& has_model);

// What is wrong with a file of that size.
std::optional<LineError> check_size(std::int64_t bytes);

// A line in the order in which lines run. Lines of a group have long prompts that begin alike: its
// first, the leader, makes the engine read the beginning, which the others then find in its cache.
struct PlannedLine {
  LinePlace place;
  std::size_t group = 0;         // 0, 1, 2... in the order of the plan
  std::int64_t shared_head = 0;  // bytes of the beginning shared with the leader; 0 for a leader
};

// The lines `wanted` says yes to, such that those whose prompts begin alike follow each other; else
// in the order of the file. Blocks; parses every line.
Result<std::vector<PlannedLine>> plan(const blob::BlobReader& file,
                                      const std::function<bool(std::int64_t line)>& wanted);

}  // namespace api::batches
