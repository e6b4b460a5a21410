// An upload and its parts as they are stored: one document of kind "upload", and one of kind
// "upload_part" inside it for each part, which holds a reference to the part's bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common/stored_files.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json/value.h"
#include "blob/blob_store.h"
#include "store/db/session.h"

namespace api::uploads {

inline constexpr const char* kUploadKind = "upload";
inline constexpr const char* kPartKind = "upload_part";

// Pending becomes one of the others and stays it. Expired is never written: it is a pending upload
// whose time is over.
enum class UploadStatus { Pending, Completed, Cancelled, Expired };

struct Upload {
  base::ProjectId project;
  std::string id;
  std::int64_t created_at = 0, expires_at = 0;  // Unix seconds
  std::string filename, purpose;
  std::int64_t bytes = 0;  // as announced
  UploadStatus status = UploadStatus::Pending;
  std::optional<std::int64_t> file_expires_after_seconds;
  std::string file_id;              // when completed
  std::int64_t parts = 0;           // added so far
  std::int64_t bytes_received = 0;  // in all parts
  std::int64_t version = 0;         // of the document
};

struct Part {
  std::string id;
  std::int64_t created_at = 0;
  blob::Stored contents;
};

// {"id","object":"upload","bytes","created_at","filename","purpose","status","expires_at","file"}
json::Object upload_object(const Upload& upload, const std::optional<StoredFile>& file);
json::Object part_object(const Part& part, const std::string& upload_id);

Status create(store::Transaction& transaction, const Upload& upload);
// NotFound also for another project's upload. `now` decides whether a pending one has expired.
Result<Upload> find(store::Session& session, const base::ProjectId& project, const std::string& id,
                    std::int64_t now);
// The same, and InvalidRequest unless it is pending; `verb` as in "complete".
Result<Upload> find_pending(store::Session& session, const base::ProjectId& project,
                            const std::string& id, std::int64_t now, std::string_view verb);
// Writes status, file and counts.
Status update(store::Transaction& transaction, const Upload& upload);

Status add_part(store::Transaction& transaction, const Upload& upload, Part& part);
// In the order of `part_ids`; InvalidRequest for a part that is not this upload's.
Result<std::vector<Part>> find_parts(store::Session& session, const Upload& upload,
                                     const std::vector<std::string>& part_ids);
// Removes all parts with their references.
Status remove_parts(store::Transaction& transaction, const Upload& upload, std::int64_t now);

// One part with its reference.
Status remove_part(store::Transaction& transaction, const store::DocumentKey& key,
                   std::int64_t now);

}  // namespace api::uploads
