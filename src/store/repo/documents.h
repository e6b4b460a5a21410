// Stored objects: responses, files, vector stores... as a JSON body with an indexed head. Knows no
// kind in particular. Every access names the project, so no caller can reach another's objects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/db/session.h"
#include "store/repo/page.h"

namespace store {

// Where a document lives. `parent` is empty except for objects inside others (a file in a vector
// store has the file's id and the store as parent).
struct DocumentKey {
  base::ProjectId project;
  std::string kind;  // "response", "file"...
  std::string id;
  std::string parent = {};
};

// A pair that lists can filter by: {"model", "m"}, {"metadata.topic", "x"}, {"purpose", "batch"}.
struct Label {
  std::string name;
  std::string value;

  bool operator==(const Label&) const = default;
};

struct Document {
  DocumentKey key;
  std::int64_t created_at = 0;                  // Unix seconds
  std::optional<std::int64_t> expires_at = {};  // Unix seconds; absent means never
  std::string body = {};                        // JSON
  std::int64_t version = 1;                     // set by create and update
  std::int64_t seq = 0;                         // place in the order of creation; set by create
};

namespace documents {

// Sets seq and version. Conflict when the key exists.
Status create(Transaction& transaction, Document& document, const std::vector<Label>& labels = {});

// NotFound also for another project's object; CorruptData when the row does not hold together.
Result<Document> get(Session& session, const DocumentKey& key);

struct Update {
  std::string body;
  std::optional<std::int64_t> expires_at = {};
  std::optional<std::vector<Label>> labels = {};  // absent: as they are
};
// Conflict when the version is no longer `expected_version`. Returns the new version.
Result<std::int64_t> update(Transaction& transaction, const DocumentKey& key,
                            std::int64_t expected_version, const Update& update);

// Another end, or none; the version stays. NotFound when there is no such document.
Status set_expiry(Transaction& transaction, const DocumentKey& key,
                  std::optional<std::int64_t> expires_at);

// NotFound when there is none.
Status remove(Transaction& transaction, const DocumentKey& key);

struct Filter {
  base::ProjectId project;
  std::string kind;
  std::string parent = {};
  std::vector<Label> labels = {};             // all must match
  std::optional<std::int64_t> alive_at = {};  // Unix seconds: leaves out what has expired by then
};
// NotFound with param `after` or `before` when the cursor names nothing in this list.
Result<Page<Document>> list(Session& session, const Filter& filter, const PageRequest& request);

// Reads the index only: O(matching rows).
Result<std::int64_t> count(Session& session, const Filter& filter);

// The parents under which a document of this kind and id stands. O(their number).
Result<std::vector<std::string>> parents(Session& session, const base::ProjectId& project,
                                         const std::string& kind, const std::string& id);

// At most `limit` documents of all projects whose time is over, earliest first.
Result<std::vector<DocumentKey>> expired(Session& session, std::int64_t now_seconds,
                                         std::size_t limit);

}  // namespace documents
}  // namespace store
