#include "store/repo/items.h"

#include "store/repo/checksum.h"
#include "store/repo/page_query.h"

namespace store::items {
namespace {

constexpr const char* kSelect =
    "SELECT project, owner, position, id, created_at, checksum, body FROM items";

Result<Item> from_row(const Row& row) {
  Item item{.id = row.string(3),
            .created_at = row.integer(4),
            .body = row.string(6),
            .position = row.integer(2)};
  auto intact = verify_checksum(row.integer(5), {row.text(0), row.text(1), item.id, item.body});
  if (!intact) return fail(std::move(intact.error()));
  return item;
}

std::unexpected<Error> not_found(const std::string& id, const char* param = "") {
  return fail(ErrorCode::NotFound, "Item with id '" + id + "' not found.", param);
}

// The position of the first of `count` new items.
Result<std::int64_t> take_positions(Transaction& transaction, const ItemList& list,
                                    std::size_t count) {
  auto next = transaction.query_integer(
      "INSERT INTO item_lists (project, owner, next_position) VALUES ($1, $2, $3)"
      " ON CONFLICT (project, owner)"
      " DO UPDATE SET next_position = item_lists.next_position + excluded.next_position"
      " RETURNING next_position",
      {list.project, list.owner, count});
  if (!next) return fail(std::move(next.error()));
  return *next - static_cast<std::int64_t>(count);
}

Result<std::int64_t> cursor_position(Session& session, const ItemList& list, const std::string& id,
                                     const char* param) {
  auto position = session.query_one(
      "SELECT position FROM items WHERE project = $1 AND id = $2 AND owner = $3",
      {list.project, id, list.owner}, [](const Row& row) { return row.integer(0); });
  if (!position) return fail(std::move(position.error()));
  if (!*position) return not_found(id, param);
  return **position;
}

}  // namespace

Status append(Transaction& transaction, const ItemList& list, std::vector<Item>& items) {
  if (items.empty()) return {};
  auto position = take_positions(transaction, list, items.size());
  if (!position) return fail(std::move(position.error()));
  for (auto& item : items) {
    item.position = (*position)++;
    auto added = transaction.execute(
        "INSERT INTO items (project, owner, position, id, created_at, checksum, body)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {list.project, list.owner, item.position, item.id, item.created_at,
         checksum({list.project.value, list.owner, item.id, item.body}), item.body});
    if (added) continue;
    if (added.error().code != ErrorCode::Conflict) return fail(std::move(added.error()));
    return fail(ErrorCode::Conflict, "Duplicate item found with id '" + item.id + "'.");
  }
  return {};
}

Result<Item> get(Session& session, const ItemList& list, const std::string& id) {
  auto found =
      session.query_one(std::string(kSelect) + " WHERE project = $1 AND id = $2 AND owner = $3",
                        {list.project, id, list.owner}, from_row);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return not_found(id);
  return std::move(**found);
}

Result<Item> find(Session& session, const base::ProjectId& project, const std::string& id) {
  auto found = session.query_one(
      std::string(kSelect) +
          " WHERE project = $1 AND id = $2 ORDER BY created_at DESC, owner DESC LIMIT 1",
      {project, id}, from_row);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return not_found(id);
  return std::move(**found);
}

Result<Page<Item>> page(Session& session, const ItemList& list, const PageRequest& request) {
  PageQuery query(kSelect, "position", request);
  query.where("project = ?", list.project).where("owner = ?", list.owner);
  auto cursors = query.between([&](const std::string& id, const char* parameter) {
    return cursor_position(session, list, id, parameter);
  });
  if (!cursors) return fail(std::move(cursors.error()));
  return query.run(session, from_row);
}

Result<std::vector<Item>> all(Session& session, const ItemList& list) {
  return session.query(
      std::string(kSelect) + " WHERE project = $1 AND owner = $2 ORDER BY position",
      {list.project, list.owner}, from_row);
}

Result<std::int64_t> count(Session& session, const ItemList& list) {
  return session.query_integer("SELECT COUNT(*) FROM items WHERE project = $1 AND owner = $2",
                               {list.project, list.owner});
}

Status remove(Transaction& transaction, const ItemList& list, const std::string& id) {
  auto removed =
      transaction.execute("DELETE FROM items WHERE project = $1 AND id = $2 AND owner = $3",
                          {list.project, id, list.owner});
  if (!removed) return fail(std::move(removed.error()));
  if (*removed == 0) return not_found(id);
  return {};
}

Status remove_all(Transaction& transaction, const ItemList& list) {
  for (const char* sql : {"DELETE FROM items WHERE project = $1 AND owner = $2",
                          "DELETE FROM item_lists WHERE project = $1 AND owner = $2"}) {
    auto removed = transaction.execute(sql, {list.project, list.owner});
    if (!removed) return fail(std::move(removed.error()));
  }
  return {};
}

Status acquire(Transaction& transaction, const ItemList& list, const Lease& lease) {
  auto taken = transaction.execute(
      "INSERT INTO item_lists (project, owner, next_position, lease_holder, lease_until_ms)"
      " VALUES ($1, $2, 0, $3, $4) ON CONFLICT (project, owner)"
      " DO UPDATE SET lease_holder = excluded.lease_holder,"
      " lease_until_ms = excluded.lease_until_ms"
      " WHERE item_lists.lease_holder IS NULL OR item_lists.lease_holder = $3"
      " OR item_lists.lease_until_ms <= $5",
      {list.project, list.owner, lease.holder, lease.until_ms, lease.now_ms});
  if (!taken) return fail(std::move(taken.error()));
  if (*taken == 0) {
    return fail(ErrorCode::Conflict, "Another process is currently operating on this conversation.",
                {}, "conversation_locked");
  }
  return {};
}

Status release(Transaction& transaction, const ItemList& list, const std::string& holder) {
  auto released = transaction.execute(
      "UPDATE item_lists SET lease_holder = NULL, lease_until_ms = NULL"
      " WHERE project = $1 AND owner = $2 AND lease_holder = $3",
      {list.project, list.owner, holder});
  if (!released) return fail(std::move(released.error()));
  return {};
}

Status release_others(Transaction& transaction, std::string_view kept) {
  auto released = transaction.execute(
      "UPDATE item_lists SET lease_holder = NULL, lease_until_ms = NULL"
      " WHERE lease_holder IS NOT NULL AND SUBSTR(lease_holder, 1, $1) <> $2",
      {kept.size(), kept});
  if (!released) return fail(std::move(released.error()));
  return {};
}

Status check_held(Session& session, const ItemList& list, const std::string& holder) {
  auto held = session.query_integer(
      "SELECT COUNT(*) FROM item_lists WHERE project = $1 AND owner = $2 AND lease_holder = $3",
      {list.project, list.owner, holder});
  if (!held) return fail(std::move(held.error()));
  if (*held == 0) {
    return fail(ErrorCode::Conflict, "Another process is currently operating on this conversation.",
                {}, "conversation_locked");
  }
  return {};
}

}  // namespace store::items
