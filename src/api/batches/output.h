// The output and error files of a batch, written from its results.
#pragma once

#include <optional>
#include <string>

#include "api/batches/record.h"
#include "base/async.h"
#include "base/ids.h"
#include "blob/blob_store.h"
#include "store/db/database.h"

namespace api::batches {

// Durable contents that no row refers to yet; absent for a file without lines.
struct OutputFiles {
  std::optional<blob::Stored> output, errors;
};

// Every result goes to one of the files, in the order of the input; a line without one goes to the
// error file as never executed, with the code and the text that the batch's state gives.
base::awaitable<Result<OutputFiles>> write_output(store::Database& database, blob::BlobStore& blobs,
                                                  base::Pools& pools, base::IdGenerator& ids,
                                                  const Stored& batch);

}  // namespace api::batches
