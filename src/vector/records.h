// What is stored of vector stores, their files and their batches: the bodies of documents. Shapes
// of the database, not of the API.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/json/field.h"
#include "base/json/value.h"

namespace vector {

inline constexpr const char* kStoreKind = "vector_store";
inline constexpr const char* kFileKind = "vector_store.file";         // parent: the store
inline constexpr const char* kBatchKind = "vector_store.file_batch";  // parent: the store

// Files by state. Kept with the files' own states, in the same transaction.
struct FileCounts {
  std::int64_t in_progress = 0, completed = 0, failed = 0, cancelled = 0;

  std::int64_t total() const { return in_progress + completed + failed + cancelled; }
  // The count of that state; `in_progress` for another word.
  std::int64_t& of(std::string_view status) {
    if (status == "completed") return completed;
    if (status == "failed") return failed;
    if (status == "cancelled") return cancelled;
    return in_progress;
  }
  static constexpr auto json_fields() {
    return std::tuple{json::field("in_progress", &FileCounts::in_progress),
                      json::field("completed", &FileCounts::completed),
                      json::field("failed", &FileCounts::failed),
                      json::field("cancelled", &FileCounts::cancelled)};
  }
};

struct StoreRecord {
  std::string name, description;
  std::map<std::string, std::string> metadata;
  std::optional<std::int64_t> expires_after_days;
  bool expired = false;             // for good
  std::int64_t last_active_at = 0;  // Unix seconds
  std::int64_t usage_bytes = 0;
  FileCounts counts;
  std::string embedding_model;  // every vector in it is this model's; empty: words only
  // What made the vectors, as inference::Embeddings::made_by; empty: not known.
  std::string embedded_by;
  // Not empty: another file has that model's name now, and all is being embedded again by this.
  // Until then nothing is compared by vectors.
  std::string embedding_to;

  std::optional<std::int64_t> expires_at() const {
    if (!expires_after_days) return std::nullopt;
    return last_active_at + *expires_after_days * 86'400;
  }
  // What vectors are to be made by.
  const std::string& maker() const { return embedding_to.empty() ? embedded_by : embedding_to; }
  // Whether vectors that this made can be compared with the store's.
  bool compares_with(const std::string& made_by) const {
    return made_by.empty() ||
           (embedding_to.empty() && (embedded_by.empty() || embedded_by == made_by));
  }
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &StoreRecord::name),
                      json::field("description", &StoreRecord::description),
                      json::field("metadata", &StoreRecord::metadata),
                      json::field("expires_after_days", &StoreRecord::expires_after_days),
                      json::field("expired", &StoreRecord::expired),
                      json::field("last_active_at", &StoreRecord::last_active_at),
                      json::field("usage_bytes", &StoreRecord::usage_bytes),
                      json::field("counts", &StoreRecord::counts),
                      json::field("embedding_model", &StoreRecord::embedding_model),
                      json::field("embedded_by", &StoreRecord::embedded_by).optional(),
                      json::field("embedding_to", &StoreRecord::embedding_to).optional()};
  }
};

struct FileRecord {
  std::string filename;
  std::string status = "in_progress";  // then "completed", "failed" or "cancelled", for good
  std::int64_t usage_bytes = 0;
  std::string error_code, error_message;  // when failed
  int chunk_tokens = 0, overlap_tokens = 0;
  json::Object attributes;
  std::string batch;  // id; empty when attached by itself
  std::string job;    // that indexes it

  static constexpr auto json_fields() {
    return std::tuple{json::field("filename", &FileRecord::filename),
                      json::field("status", &FileRecord::status),
                      json::field("usage_bytes", &FileRecord::usage_bytes),
                      json::field("error_code", &FileRecord::error_code),
                      json::field("error_message", &FileRecord::error_message),
                      json::field("chunk_tokens", &FileRecord::chunk_tokens),
                      json::field("overlap_tokens", &FileRecord::overlap_tokens),
                      json::field("attributes", &FileRecord::attributes),
                      json::field("batch", &FileRecord::batch),
                      json::field("job", &FileRecord::job)};
  }
};

struct BatchRecord {
  FileCounts counts;
  bool cancelled = false;

  static constexpr auto json_fields() {
    return std::tuple{json::field("counts", &BatchRecord::counts),
                      json::field("cancelled", &BatchRecord::cancelled)};
  }
};

}  // namespace vector
