// What a batch has done so far: one row per finished line, recorded once, and the sums of all.
// Reached through the batch's document, which names the project.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/db/session.h"

namespace store {

struct BatchTokens {
  std::int64_t input = 0;
  std::int64_t cached = 0;  // part of input
  std::int64_t output = 0;
  std::int64_t reasoning = 0;  // part of output
};

struct BatchProgress {
  std::int64_t total = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  BatchTokens tokens = {};
};

struct BatchResult {
  std::int64_t line = 0;  // 1-based, of the input file
  bool failed = false;
  std::string body;  // the line of the output or error file, without its end
};

namespace batch_results {

Status begin(Transaction& transaction, const base::BatchId& batch, std::int64_t total);
// All zero for a batch that has not begun.
Result<BatchProgress> progress(Session& session, const base::BatchId& batch);

// False, and nothing changes, when the line has its result already.
Result<bool> record(Transaction& transaction, const base::BatchId& batch, const BatchResult& result,
                    const BatchTokens& tokens);

// The numbers of the lines that have a result, ascending.
Result<std::vector<std::int64_t>> lines(Session& session, const base::BatchId& batch);
// Up to `limit` results behind line `after`, ascending.
Result<std::vector<BatchResult>> read(Session& session, const base::BatchId& batch,
                                      std::int64_t after, std::size_t limit);
// Forgets up to `limit` results; the sums stay. Returns how many.
Result<std::int64_t> forget(Transaction& transaction, const base::BatchId& batch,
                            std::size_t limit);

}  // namespace batch_results
}  // namespace store
