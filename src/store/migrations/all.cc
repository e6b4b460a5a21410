// The migrations in their order. What has been released is never edited; a change is a new one.
#include "store/migrations/schema.h"

namespace store {

std::span<const Migration> all_migrations() {
  static const Migration kAll[] = {
      {1, schema::kDocuments}, {2, schema::kItems},   {3, schema::kEvents},
      {4, schema::kAccess},    {5, schema::kUsage},   {6, schema::kBlobs},
      {7, schema::kJobs},      {8, schema::kBatches}, {9, schema::kChunks},
      {10, schema::kChunksWithoutWords},
  };
  return kAll;
}

}  // namespace store
