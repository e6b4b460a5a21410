#include "store/repo/documents.h"

#include "store/repo/checksum.h"
#include "store/repo/page_query.h"

namespace store::documents {
namespace {

constexpr const char* kColumns =
    "d.seq, d.project, d.kind, d.id, d.parent, d.created_at, d.expires_at, d.version, d.checksum, "
    "d.body";

std::int64_t sum(const DocumentKey& key, std::string_view body) {
  return checksum({key.project.value, key.kind, key.id, key.parent, body});
}

Result<Document> from_row(const Row& row) {
  Document document{
      .key = {{row.string(1)}, row.string(2), row.string(3), row.string(4)},
      .created_at = row.integer(5),
      .expires_at = row.maybe_integer(6),
      .body = row.string(9),
      .version = row.integer(7),
      .seq = row.integer(0),
  };
  const auto& key = document.key;
  auto intact = verify_checksum(row.integer(8),
                                {key.project.value, key.kind, key.id, key.parent, document.body});
  if (!intact) return fail(std::move(intact.error()));
  return document;
}

Status add_labels(Transaction& transaction, const DocumentKey& key, std::int64_t seq,
                  const std::vector<Label>& labels) {
  for (const auto& label : labels) {
    auto added = transaction.execute(
        "INSERT INTO document_labels (project, kind, name, value, seq) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING",
        {key.project, key.kind, label.name, label.value, seq});
    if (!added) return fail(std::move(added.error()));
  }
  return {};
}

Status remove_labels(Transaction& transaction, std::int64_t seq) {
  auto removed = transaction.execute("DELETE FROM document_labels WHERE seq = $1", {seq});
  if (!removed) return fail(std::move(removed.error()));
  return {};
}

Result<std::optional<std::int64_t>> find_seq(Session& session, const DocumentKey& key) {
  return session.query_one(
      "SELECT seq FROM documents WHERE project = $1 AND kind = $2 AND id = $3 AND parent = $4",
      {key.project, key.kind, key.id, key.parent}, [](const Row& row) { return row.integer(0); });
}

Result<std::int64_t> cursor_seq(Session& session, const Filter& filter, const std::string& id,
                                const char* param) {
  auto seq = find_seq(session, {filter.project, filter.kind, id, filter.parent});
  if (!seq) return fail(std::move(seq.error()));
  if (!*seq) return fail(ErrorCode::NotFound, "No object with id '" + id + "' found.", param);
  return **seq;
}

// With labels the first label's index leads and the rest are checked row by row.
PageQuery start_query(const std::string& columns, const Filter& filter,
                      const PageRequest& request) {
  const bool by_label = !filter.labels.empty();
  const std::string from =
      by_label ? " FROM document_labels l JOIN documents d ON d.seq = l.seq" : " FROM documents d";
  PageQuery query("SELECT " + columns + from, by_label ? "l.seq" : "d.seq", request);
  if (by_label) {
    query.where("l.project = ?", filter.project).where("l.kind = ?", filter.kind);
    query.where("l.name = ?", filter.labels[0].name).where("l.value = ?", filter.labels[0].value);
    for (std::size_t i = 1; i < filter.labels.size(); ++i) {
      query.where(
          "EXISTS (SELECT 1 FROM document_labels m WHERE m.project = l.project"
          " AND m.kind = l.kind AND m.seq = l.seq AND m.name = ?",
          filter.labels[i].name);
      query.where("m.value = ?)", filter.labels[i].value);
    }
  } else {
    query.where("d.project = ?", filter.project).where("d.kind = ?", filter.kind);
  }
  query.where("d.parent = ?", filter.parent);
  if (filter.alive_at) query.where("(d.expires_at IS NULL OR d.expires_at > ?)", *filter.alive_at);
  return query;
}

}  // namespace

Status create(Transaction& transaction, Document& document, const std::vector<Label>& labels) {
  const auto& key = document.key;
  auto seq = transaction.query_one(
      "INSERT INTO documents (project, kind, id, parent, created_at, expires_at, version, checksum,"
      " body) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8) RETURNING seq",
      {key.project, key.kind, key.id, key.parent, document.created_at, document.expires_at,
       sum(key, document.body), document.body},
      [](const Row& row) { return row.integer(0); });
  if (!seq) return fail(std::move(seq.error()));
  document.seq = seq->value_or(0);
  document.version = 1;
  return add_labels(transaction, key, document.seq, labels);
}

Result<Document> get(Session& session, const DocumentKey& key) {
  auto found =
      session.query_one(std::string("SELECT ") + kColumns +
                            " FROM documents d"
                            " WHERE d.project = $1 AND d.kind = $2 AND d.id = $3 AND d.parent = $4",
                        {key.project, key.kind, key.id, key.parent}, from_row);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return fail(ErrorCode::NotFound, "No object with id '" + key.id + "' found.");
  return std::move(**found);
}

Result<std::int64_t> update(Transaction& transaction, const DocumentKey& key,
                            std::int64_t expected_version, const Update& update) {
  auto seq = transaction.query_one(
      "UPDATE documents SET body = $1, checksum = $2, expires_at = $3, version = version + 1"
      " WHERE project = $4 AND kind = $5 AND id = $6 AND parent = $7 AND version = $8"
      " RETURNING seq",
      {update.body, sum(key, update.body), update.expires_at, key.project, key.kind, key.id,
       key.parent, expected_version},
      [](const Row& row) { return row.integer(0); });
  if (!seq) return fail(std::move(seq.error()));
  if (!*seq) {
    auto exists = find_seq(transaction, key);
    if (!exists) return fail(std::move(exists.error()));
    if (!*exists) return fail(ErrorCode::NotFound, "No object with id '" + key.id + "' found.");
    return fail(ErrorCode::Conflict, "The object was changed by another request.");
  }
  if (update.labels) {
    if (auto status = remove_labels(transaction, **seq); !status) return fail(status.error());
    if (auto status = add_labels(transaction, key, **seq, *update.labels); !status) {
      return fail(std::move(status.error()));
    }
  }
  return expected_version + 1;
}

Status set_expiry(Transaction& transaction, const DocumentKey& key,
                  std::optional<std::int64_t> expires_at) {
  auto changed = transaction.execute(
      "UPDATE documents SET expires_at = $1"
      " WHERE project = $2 AND kind = $3 AND id = $4 AND parent = $5",
      {expires_at, key.project, key.kind, key.id, key.parent});
  if (!changed) return fail(std::move(changed.error()));
  if (*changed == 0) return fail(ErrorCode::NotFound, "No object with id '" + key.id + "' found.");
  return {};
}

Status remove(Transaction& transaction, const DocumentKey& key) {
  auto seq = transaction.query_one(
      "DELETE FROM documents WHERE project = $1 AND kind = $2 AND id = $3 AND parent = $4"
      " RETURNING seq",
      {key.project, key.kind, key.id, key.parent}, [](const Row& row) { return row.integer(0); });
  if (!seq) return fail(std::move(seq.error()));
  if (!*seq) return fail(ErrorCode::NotFound, "No object with id '" + key.id + "' found.");
  return remove_labels(transaction, **seq);
}

Result<Page<Document>> list(Session& session, const Filter& filter, const PageRequest& request) {
  PageQuery query = start_query(kColumns, filter, request);
  auto cursors = query.between([&](const std::string& id, const char* parameter) {
    return cursor_seq(session, filter, id, parameter);
  });
  if (!cursors) return fail(std::move(cursors.error()));
  return query.run(session, from_row);
}

Result<std::int64_t> count(Session& session, const Filter& filter) {
  const PageRequest all;
  return start_query("COUNT(*)", filter, all).scalar(session);
}

Result<std::vector<std::string>> parents(Session& session, const base::ProjectId& project,
                                         const std::string& kind, const std::string& id) {
  return session.query("SELECT parent FROM documents WHERE project = $1 AND kind = $2 AND id = $3",
                       {project, kind, id}, [](const Row& row) { return row.string(0); });
}

Result<std::vector<DocumentKey>> expired(Session& session, std::int64_t now_seconds,
                                         std::size_t limit) {
  return session.query(
      "SELECT project, kind, id, parent FROM documents WHERE expires_at <= $1"
      " ORDER BY expires_at LIMIT $2",
      {now_seconds, limit}, [](const Row& row) {
        return DocumentKey{{row.string(0)}, row.string(1), row.string(2), row.string(3)};
      });
}

}  // namespace store::documents
