#include "api/vector_stores/types.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json/codec.h"

namespace api::vector_stores {
namespace {

struct StaticChunks {
  int max_chunk_size_tokens = 0;
  int chunk_overlap_tokens = 0;
  static constexpr bool json_closed = true;
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("max_chunk_size_tokens", &StaticChunks::max_chunk_size_tokens)
            .min(limits::chunk_tokens_min)
            .max(limits::chunk_tokens_max),
        json::field("chunk_overlap_tokens", &StaticChunks::chunk_overlap_tokens).min(0)};
  }
};

json::Object counts_object(const vector::FileCounts& counts) {
  return {{"in_progress", counts.in_progress},
          {"completed", counts.completed},
          {"failed", counts.failed},
          {"cancelled", counts.cancelled},
          {"total", counts.total()}};
}

}  // namespace

Result<ChunkingStrategy> ChunkingStrategy::from_json(const json::Value& value,
                                                     const json::Path& path) {
  static constexpr std::array<std::string_view, 2> kTypes{"auto", "static"};
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "an object", value);
  const auto* type = json::find(*object, "type");
  const auto at = path.member("type");
  if (!type) return json::errors::missing(at);
  if (!type->is_string()) return json::errors::type(at, "a string", *type);
  if (type->get_string() == "auto") return ChunkingStrategy{};
  if (type->get_string() != "static")
    return json::errors::value(at, std::string_view(type->get_string()), kTypes);
  const auto in = path.member("static");
  const auto* sizes = json::find(*object, "static");
  if (!sizes) return json::errors::missing(in);
  auto read = json::read<StaticChunks>(*sizes, in);
  if (!read) return fail(read.error());
  if (read->chunk_overlap_tokens * 2 > read->max_chunk_size_tokens) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("chunk_overlap_tokens must be at most half of max_chunk_size_tokens, "
                            "but {} is more than half of {}.",
                            read->chunk_overlap_tokens, read->max_chunk_size_tokens),
                in.member("chunk_overlap_tokens").str(), "invalid_value");
  }
  return ChunkingStrategy{read->max_chunk_size_tokens, read->chunk_overlap_tokens};
}

json::Value ChunkingStrategy::to_json() const {
  return json::Object{{"type", "static"},
                      {"static", json::Object{{"max_chunk_size_tokens", tokens},
                                              {"chunk_overlap_tokens", overlap_tokens}}}};
}

Result<Attributes> Attributes::from_json(const json::Value& value, const json::Path& path) {
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "an object", value);
  json::Constraints pairs, text;
  pairs.length_max = limits::vector_attributes_max;
  text.length_max = limits::vector_attribute_text_max;
  if (auto status = json::errors::check_object_size(path, object->size(), pairs); !status)
    return fail(status.error());
  for (const auto& [key, member] : *object) {
    const std::string name(key);
    const auto at = path.member(name);
    if (const auto n = base::utf8_length(name); n > limits::vector_attribute_name_max) {
      return fail(
          ErrorCode::InvalidRequest,
          fmt::format("Invalid '{}': property name too long. Expected a string with maximum "
                      "length {}, but got a string with length {} instead.",
                      path.str(), limits::vector_attribute_name_max, n),
          path.str(), "property_name_above_max_length");
    }
    if (member.is_string()) {
      if (auto status =
              json::errors::check_string_length(at, std::string_view(member.get_string()), text);
          !status) {
        return fail(status.error());
      }
    } else if (!member.is_number() && !member.is_bool()) {
      return json::errors::type(at, "a string, a number or a boolean", member);
    }
  }
  return Attributes{*object};
}

Result<Queries> Queries::from_json(const json::Value& value, const json::Path& path) {
  Queries out;
  if (value.is_string()) {
    out.texts.emplace_back(value.get_string());
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (!(*array)[i].is_string())
        return json::errors::type(path.element(i), "a string", (*array)[i]);
      out.texts.emplace_back((*array)[i].get_string());
    }
  } else {
    return json::errors::type(path, "a string or an array of strings", value);
  }
  json::Constraints several;
  several.length_min = 1;
  several.length_max = limits::search_queries_max;
  if (auto status = json::errors::check_array_length(path, out.texts.size(), several); !status)
    return fail(status.error());
  json::Constraints text;
  text.length_min = 1;
  text.length_max = limits::search_query_bytes_max;
  for (const auto& each : out.texts) {
    if (auto status = json::errors::check_string_length(path, each, text); !status)
      return fail(status.error());
  }
  return out;
}

json::Value Queries::to_json() const {
  return json::write(texts);
}

json::Object store_object(const vector::VectorStore& store) {
  const auto& record = store.record;
  json::Object out;
  out["id"] = store.key.id;
  out["object"] = "vector_store";
  out["created_at"] = store.created_at;
  out["name"] = record.name;
  if (!record.description.empty()) out["description"] = record.description;
  out["usage_bytes"] = record.usage_bytes;
  out["file_counts"] = counts_object(record.counts);
  out["status"] = record.expired                  ? "expired"
                  : record.counts.in_progress > 0 ? "in_progress"
                                                  : "completed";
  if (record.expires_after_days)
    out["expires_after"] =
        json::Object{{"anchor", "last_active_at"}, {"days", *record.expires_after_days}};
  const auto end = record.expires_at();
  out["expires_at"] = end ? json::Value(*end) : json::Value(nullptr);
  out["last_active_at"] = record.last_active_at;
  out["metadata"] = json::write(record.metadata);
  return out;
}

json::Object file_object(const vector::StoreFile& file) {
  const auto& record = file.record;
  json::Object out;
  out["id"] = file.key.id;
  out["object"] = "vector_store.file";
  out["usage_bytes"] = record.usage_bytes;
  out["created_at"] = file.created_at;
  out["vector_store_id"] = file.key.parent;
  out["status"] = record.status;
  out["last_error"] = record.status == "failed"
                          ? json::Value(json::Object{{"code", record.error_code},
                                                     {"message", record.error_message}})
                          : json::Value(nullptr);
  out["chunking_strategy"] = ChunkingStrategy{record.chunk_tokens, record.overlap_tokens}.to_json();
  out["attributes"] = record.attributes;
  return out;
}

json::Object batch_object(const vector::FileBatch& batch) {
  const auto& record = batch.record;
  json::Object out;
  out["id"] = batch.key.id;
  out["object"] = "vector_store.files_batch";
  out["created_at"] = batch.created_at;
  out["vector_store_id"] = batch.key.parent;
  out["status"] = record.counts.in_progress > 0 ? "in_progress"
                  : record.cancelled            ? "cancelled"
                                                : "completed";
  out["file_counts"] = counts_object(record.counts);
  return out;
}

}  // namespace api::vector_stores
