// The statements of each migration, in files of their own (0001_documents.cc, ...).
#pragma once

#include "store/migrations/migrate.h"

namespace store::schema {

extern const std::span<const std::string_view> kDocuments;
extern const std::span<const std::string_view> kItems;
extern const std::span<const std::string_view> kEvents;
extern const std::span<const std::string_view> kAccess;
extern const std::span<const std::string_view> kUsage;
extern const std::span<const std::string_view> kBlobs;
extern const std::span<const std::string_view> kJobs;
extern const std::span<const std::string_view> kBatches;
extern const std::span<const std::string_view> kChunks;
extern const std::span<const std::string_view> kChunksWithoutWords;

}  // namespace store::schema
