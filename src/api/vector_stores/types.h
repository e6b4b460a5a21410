// The wire forms of /v1/vector_stores.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "api/common/metadata.h"
#include "base/json/field.h"
#include "base/json/value.h"
#include "base/limits/document.h"
#include "base/limits/vector.h"
#include "store/repo/attribute_filter.h"
#include "vector/stores.h"

namespace api::vector_stores {

struct ExpiresAfterDays {
  std::string anchor;
  std::int64_t days = 0;
  static constexpr std::array<std::string_view, 1> kAnchors{"last_active_at"};
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("anchor", &ExpiresAfterDays::anchor).one_of(kAnchors),
        json::field("days", &ExpiresAfterDays::days).min(1).max(limits::vector_store_days_max)};
  }
};

// {type: "auto"} or {type: "static", static: {max_chunk_size_tokens, chunk_overlap_tokens}}.
struct ChunkingStrategy {
  int tokens = limits::chunk_tokens_default;
  int overlap_tokens = limits::chunk_overlap_tokens_default;

  static Result<ChunkingStrategy> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

// Up to 16 strings, numbers and booleans.
struct Attributes {
  json::Object values;

  static Result<Attributes> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const { return values; }
};

struct CreateStore {
  std::optional<std::vector<std::string>> file_ids;
  std::optional<std::string> name, description;
  std::optional<ExpiresAfterDays> expires_after;
  std::optional<ChunkingStrategy> chunking_strategy;
  std::optional<Metadata> metadata;

  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{json::field("file_ids", &CreateStore::file_ids)
                          .length_max(limits::vector_store_files_at_creation_max),
                      json::field("name", &CreateStore::name),
                      json::field("description", &CreateStore::description),
                      json::field("expires_after", &CreateStore::expires_after),
                      json::field("chunking_strategy", &CreateStore::chunking_strategy),
                      json::field("metadata", &CreateStore::metadata)};
  }
};

// A null `name` or `expires_after` clears it; which are null is read from the body.
struct UpdateStore {
  std::optional<std::string> name;
  std::optional<ExpiresAfterDays> expires_after;
  std::optional<Metadata> metadata;

  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &UpdateStore::name),
                      json::field("expires_after", &UpdateStore::expires_after),
                      json::field("metadata", &UpdateStore::metadata)};
  }
};

struct AttachFile {
  std::string file_id;
  std::optional<ChunkingStrategy> chunking_strategy;
  std::optional<Attributes> attributes;

  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{json::field("file_id", &AttachFile::file_id),
                      json::field("chunking_strategy", &AttachFile::chunking_strategy),
                      json::field("attributes", &AttachFile::attributes)};
  }
};

struct CreateBatch {
  std::optional<std::vector<std::string>> file_ids;
  std::optional<std::vector<AttachFile>> files;
  std::optional<ChunkingStrategy> chunking_strategy;
  std::optional<Attributes> attributes;

  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{json::field("file_ids", &CreateBatch::file_ids)
                          .length_min(1)
                          .length_max(limits::vector_store_batch_files_max),
                      json::field("files", &CreateBatch::files)
                          .length_min(1)
                          .length_max(limits::vector_store_batch_files_max),
                      json::field("chunking_strategy", &CreateBatch::chunking_strategy),
                      json::field("attributes", &CreateBatch::attributes)};
  }
};

struct UpdateAttributes {
  json::Nullable<Attributes> attributes;
  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{json::field("attributes", &UpdateAttributes::attributes)};
  }
};

// A string, or an array of strings.
struct Queries {
  std::vector<std::string> texts;

  static Result<Queries> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

struct HybridSearch {
  double embedding_weight = 1, text_weight = 1;
  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{json::field("embedding_weight", &HybridSearch::embedding_weight).min(0),
                      json::field("text_weight", &HybridSearch::text_weight).min(0)};
  }
};

struct RankingOptions {
  std::optional<std::string> ranker;
  std::optional<double> score_threshold;
  std::optional<HybridSearch> hybrid_search;
  static constexpr std::array<std::string_view, 3> kRankers{"none", "auto", "default-2024-11-15"};
  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("ranker", &RankingOptions::ranker).one_of(kRankers),
        json::field("score_threshold", &RankingOptions::score_threshold).min(0).max(1),
        json::field("hybrid_search", &RankingOptions::hybrid_search)};
  }
};

struct SearchBody {
  Queries query;
  std::optional<bool> rewrite_query;
  std::optional<int> max_num_results;
  std::optional<json::Value> filters;
  std::optional<RankingOptions> ranking_options;

  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{json::field("query", &SearchBody::query),
                      json::field("rewrite_query", &SearchBody::rewrite_query),
                      json::field("max_num_results", &SearchBody::max_num_results)
                          .min(1)
                          .max(limits::search_results_max),
                      json::field("filters", &SearchBody::filters),
                      json::field("ranking_options", &SearchBody::ranking_options)};
  }
};

// The objects as the API shows them.
json::Object store_object(const vector::VectorStore& store);
json::Object file_object(const vector::StoreFile& file);
json::Object batch_object(const vector::FileBatch& batch);

}  // namespace api::vector_stores
