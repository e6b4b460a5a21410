// A batch as it is stored, and as the API shows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common/metadata.h"
#include "base/ids.h"
#include "base/json/field.h"
#include "base/json/value.h"
#include "store/db/session.h"
#include "store/repo/batch_results.h"
#include "store/repo/documents.h"

namespace api::batches {

// Something wrong with the input file.
struct LineError {
  std::string code, message;
  json::Nullable<std::string> param = {};
  json::Nullable<std::int64_t> line = {};  // 1-based; null for the file as a whole
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("code", &LineError::code), json::field("message", &LineError::message),
        json::field("param", &LineError::param), json::field("line", &LineError::line)};
  }
};

namespace status {
inline constexpr const char* kValidating = "validating";
inline constexpr const char* kFailed = "failed";
inline constexpr const char* kInProgress = "in_progress";
inline constexpr const char* kFinalizing = "finalizing";
inline constexpr const char* kCompleted = "completed";
inline constexpr const char* kExpired = "expired";
inline constexpr const char* kCancelling = "cancelling";
inline constexpr const char* kCancelled = "cancelled";
}  // namespace status

// The body of a document of kind "batch". Times are Unix seconds.
//
//   validating -> in_progress -> finalizing -> completed
//   validating -> failed;  validating | in_progress -> cancelling -> cancelled, or -> expired
struct Record {
  std::string endpoint, input_file_id;
  std::string status = status::kValidating;
  std::int64_t expires_at = 0;
  std::optional<std::int64_t> in_progress_at = {}, finalizing_at = {}, completed_at = {},
                              failed_at = {}, expired_at = {}, cancelling_at = {},
                              cancelled_at = {};
  std::optional<std::string> model = {}, output_file_id = {}, error_file_id = {};
  std::vector<LineError> errors = {};
  std::optional<Metadata> metadata = {};
  std::int64_t output_seconds = 0;  // how long the output files live

  // Never shown.
  std::string input_blob;  // held for as long as the batch needs it, whatever happens to the file
  std::int64_t input_bytes = 0;
  std::string organization, key;  // on whose behalf lines run
  std::string work_job;           // validates, then runs
  std::string expiry_job;
  bool out_of_time = false;  // the window ended before the work did

  static constexpr auto json_fields() {
    return std::tuple{json::field("endpoint", &Record::endpoint),
                      json::field("input_file_id", &Record::input_file_id),
                      json::field("status", &Record::status),
                      json::field("expires_at", &Record::expires_at),
                      json::field("in_progress_at", &Record::in_progress_at),
                      json::field("finalizing_at", &Record::finalizing_at),
                      json::field("completed_at", &Record::completed_at),
                      json::field("failed_at", &Record::failed_at),
                      json::field("expired_at", &Record::expired_at),
                      json::field("cancelling_at", &Record::cancelling_at),
                      json::field("cancelled_at", &Record::cancelled_at),
                      json::field("model", &Record::model),
                      json::field("output_file_id", &Record::output_file_id),
                      json::field("error_file_id", &Record::error_file_id),
                      json::field("errors", &Record::errors),
                      json::field("metadata", &Record::metadata),
                      json::field("output_seconds", &Record::output_seconds),
                      json::field("input_blob", &Record::input_blob),
                      json::field("input_bytes", &Record::input_bytes),
                      json::field("organization", &Record::organization),
                      json::field("key", &Record::key),
                      json::field("work_job", &Record::work_job),
                      json::field("expiry_job", &Record::expiry_job),
                      json::field("out_of_time", &Record::out_of_time)};
  }
};

// A record with its place.
struct Stored {
  base::BatchId id;
  base::ProjectId project;
  std::int64_t created_at = 0;
  std::int64_t version = 0;
  Record record;
};

// NotFound in the real API's words, also for another project's.
Result<Stored> load(store::Session& session, const base::ProjectId& project,
                    const base::BatchId& id);
Result<Stored> from_document(const store::Document& document);
// Sets the version.
Status create(store::Transaction& transaction, Stored& batch);
Status save(store::Transaction& transaction, const Stored& batch);

inline bool is_working(const Record& record) {
  return record.status == status::kValidating || record.status == status::kInProgress;
}

// The Batch object.
json::Object batch_object(const Stored& batch, const store::BatchProgress& progress);

}  // namespace api::batches
