#include "store/repo/chunks.h"

#include <algorithm>
#include <cstring>

#include "store/repo/half.h"

namespace store::chunks {
namespace {

std::vector<std::uint16_t> halves(std::span<const float> vector) {
  std::vector<std::uint16_t> out(vector.size());
  std::transform(vector.begin(), vector.end(), out.begin(), to_half);
  return out;
}

void unpack(Bytes bytes, std::vector<float>& vector) {
  vector.resize(bytes.size() / sizeof(std::uint16_t));
  for (std::size_t i = 0; i < vector.size(); ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes.data() + i * sizeof half, sizeof half);
    vector[i] = from_half(half);
  }
}

Status run(Transaction& transaction, std::string_view sql, std::initializer_list<Param> params) {
  auto ran = transaction.execute(sql, params);
  if (!ran) return fail(std::move(ran.error()));
  return {};
}

Result<std::vector<std::int64_t>> hide(Transaction& transaction, std::string_view where,
                                       std::initializer_list<Param> params) {
  auto sets =
      transaction.query("SELECT number FROM chunk_sets WHERE gone = 0 AND " + std::string(where),
                        params, [](const Row& row) { return row.integer(0); });
  if (!sets) return sets;
  for (const auto set : *sets) {
    if (auto status = run(transaction, "DELETE FROM searchable_sets WHERE set_number = $1", {set});
        !status) {
      return fail(status.error());
    }
    if (auto status = run(transaction, "UPDATE chunk_sets SET gone = 1 WHERE number = $1", {set});
        !status) {
      return fail(status.error());
    }
  }
  return sets;
}

// Takes the chunks of `set` from the first on, at most `limit`, out of all tables.
Result<std::size_t> forget(Transaction& transaction, std::int64_t set, std::size_t limit) {
  auto last = transaction.query(
      "SELECT position FROM chunks WHERE set_number = $1 ORDER BY position LIMIT $2", {set, limit},
      [](const Row& row) { return row.integer(0); });
  if (!last) return fail(std::move(last.error()));
  if (last->empty()) return 0;
  const std::int64_t until = last->back();
  static constexpr std::string_view kStatements[] = {
      "DELETE FROM chunk_vectors WHERE set_number = $1 AND chunk IN (SELECT seq FROM chunks WHERE "
      "set_number = $1 AND position <= $2)",
      "DELETE FROM chunks WHERE set_number = $1 AND position <= $2",
  };
  for (const auto statement : kStatements) {
    if (auto status = run(transaction, statement, {set, until}); !status)
      return fail(status.error());
  }
  return last->size();
}

Chunk chunk_of(const Row& row) {
  return {.chunk = row.integer(0),
          .file = row.string(1),
          .page = row.integer(2),
          .heading = row.string(3),
          .body = row.string(4)};
}

// What makes a chunk `c` visible: its set `s` belongs to this store of this project and is
// searchable.
constexpr const char* kVisible =
    " JOIN chunk_sets s ON s.number = c.set_number JOIN searchable_sets v ON v.set_number = "
    "s.number WHERE ";

}  // namespace

Result<std::int64_t> begin_set(Transaction& transaction, const FileKey& key) {
  if (auto status = run(
          transaction, "INSERT INTO chunk_sets (project, store, file, gone) VALUES ($1, $2, $3, 0)",
          {key.in.project, key.in.store, key.file});
      !status) {
    return fail(status.error());
  }
  return transaction.query_integer(
      "SELECT MAX(number) FROM chunk_sets WHERE project = $1 AND store = $2 AND file = $3",
      {key.in.project, key.in.store, key.file});
}

Result<std::optional<std::int64_t>> find_set(Session& session, const FileKey& key) {
  return session.query_one(
      "SELECT number FROM chunk_sets WHERE project = $1 AND store = $2 AND file = $3 AND gone = 0 "
      "ORDER BY number DESC LIMIT 1",
      {key.in.project, key.in.store, key.file}, [](const Row& row) { return row.integer(0); });
}

Result<std::int64_t> count(Session& session, std::int64_t set) {
  return session.query_integer("SELECT COUNT(*) FROM chunks WHERE set_number = $1", {set});
}

Result<std::int64_t> usage(Session& session, std::int64_t set) {
  auto text = session.query_integer(
      "SELECT COALESCE(SUM(LENGTH(heading) + LENGTH(body)), 0) FROM chunks WHERE set_number = $1",
      {set});
  if (!text) return text;
  auto vectors = session.query_integer(
      "SELECT COALESCE(SUM(LENGTH(vector)), 0) FROM chunk_vectors WHERE set_number = $1", {set});
  if (!vectors) return vectors;
  return *text + *vectors;
}

Status append(Transaction& transaction, std::int64_t set, std::span<const NewChunk> chunks) {
  auto position = transaction.query_integer(
      "SELECT COALESCE(MAX(position) + 1, 0) FROM chunks WHERE set_number = $1", {set});
  if (!position) return fail(std::move(position.error()));
  for (const auto& chunk : chunks) {
    auto seq = transaction.query_one(
        "INSERT INTO chunks (set_number, position, page, tokens, heading, body) VALUES ($1, $2, "
        "$3, $4, $5, $6) RETURNING seq",
        {set, (*position)++, chunk.page, chunk.tokens, chunk.heading, chunk.body},
        [](const Row& row) { return row.integer(0); });
    if (!seq) return fail(std::move(seq.error()));
    if (chunk.vector.empty()) continue;
    const auto packed = halves(chunk.vector);
    if (auto status =
            run(transaction,
                "INSERT INTO chunk_vectors (set_number, chunk, vector) VALUES ($1, $2, $3)",
                {set, **seq, std::as_bytes(std::span(packed))});
        !status) {
      return status;
    }
  }
  return {};
}

Status replace_vectors(Transaction& transaction, std::int64_t set,
                       std::span<const NewVector> vectors) {
  for (const auto& each : vectors) {
    const auto packed = halves(each.vector);
    // Nothing happens to a chunk that was removed meanwhile.
    auto ran = transaction.execute(
        "UPDATE chunk_vectors SET vector = $1 WHERE set_number = $2 AND chunk = $3",
        {std::as_bytes(std::span(packed)), set, each.chunk});
    if (!ran) return fail(std::move(ran.error()));
  }
  return {};
}

Result<std::vector<std::int64_t>> sets_after(Session& session, const StoreKey& key,
                                             std::int64_t after, std::size_t limit) {
  return session.query(
      "SELECT number FROM chunk_sets WHERE project = $1 AND store = $2 AND gone = 0 AND number > "
      "$3 ORDER BY number LIMIT $4",
      {key.project, key.store, after, limit}, [](const Row& row) { return row.integer(0); });
}

Result<std::int64_t> last_set(Session& session, const StoreKey& key) {
  return session.query_integer(
      "SELECT COALESCE(MAX(number), 0) FROM chunk_sets WHERE project = $1 AND store = $2",
      {key.project, key.store});
}

Status make_searchable(Transaction& transaction, std::int64_t set, const StoreKey& in) {
  return run(
      transaction,
      "INSERT INTO searchable_sets (project, store, set_number) SELECT project, store, "
      "number FROM chunk_sets WHERE number = $1 AND project = $2 AND store = $3 AND gone = 0",
      {set, in.project, in.store});
}

Result<std::vector<std::int64_t>> hide_file(Transaction& transaction, const FileKey& key) {
  return hide(transaction, "project = $1 AND store = $2 AND file = $3",
              {key.in.project, key.in.store, key.file});
}

Result<std::vector<std::int64_t>> hide_store(Transaction& transaction, const StoreKey& key) {
  return hide(transaction, "project = $1 AND store = $2", {key.project, key.store});
}

Result<Forgotten> forget_gone(Transaction& transaction, std::size_t limit) {
  Forgotten out;
  while (out.chunks < limit && out.sets.size() < limit) {
    auto set = transaction.query_one(
        "SELECT project, store, number FROM chunk_sets WHERE gone = 1 ORDER BY number LIMIT 1", {},
        [](const Row& row) {
          return GoneSet{.in = {{row.string(0)}, row.string(1)}, .set = row.integer(2)};
        });
    if (!set) return fail(std::move(set.error()));
    if (!*set) break;
    auto some = forget(transaction, (*set)->set, limit - out.chunks);
    if (!some) return fail(some.error());
    out.chunks += *some;
    if (*some > 0) continue;
    if (auto status = run(transaction, "DELETE FROM chunk_sets WHERE number = $1", {(*set)->set});
        !status) {
      return fail(status.error());
    }
    out.sets.push_back(std::move(**set));
  }
  return out;
}

Status set_attributes(Transaction& transaction, const FileKey& key,
                      const std::map<std::string, Attribute>& attributes) {
  if (auto status = run(transaction,
                        "DELETE FROM file_attributes WHERE project = $1 AND store = $2 AND "
                        "file = $3",
                        {key.in.project, key.in.store, key.file});
      !status) {
    return status;
  }
  for (const auto& [name, value] : attributes) {
    const auto* text = std::get_if<std::string>(&value);
    const auto* number = std::get_if<double>(&value);
    const double as_number = number ? *number : text ? 0.0 : (std::get<bool>(value) ? 1.0 : 0.0);
    if (auto status = run(transaction,
                          "INSERT INTO file_attributes (project, store, file, name, kind, "
                          "text_value, number_value) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                          {key.in.project, key.in.store, key.file, name,
                           text     ? "text"
                           : number ? "number"
                                    : "truth",
                           text ? std::string_view(*text) : std::string_view(), as_number});
        !status) {
      return status;
    }
  }
  return {};
}

Result<std::vector<SearchableSet>> searchable_after(Session& session, const StoreKey& key,
                                                    std::int64_t after, std::size_t limit) {
  return session.query(
      "SELECT seq, set_number FROM searchable_sets WHERE project = $1 AND store = $2 AND seq > $3 "
      "ORDER BY seq LIMIT $4",
      {key.project, key.store, after, limit},
      [](const Row& row) { return SearchableSet{.seq = row.integer(0), .set = row.integer(1)}; });
}

Result<std::int64_t> last_searchable(Session& session, const StoreKey& key) {
  return session.query_integer(
      "SELECT COALESCE(MAX(seq), 0) FROM searchable_sets WHERE project = $1 AND store = $2",
      {key.project, key.store});
}

Status each_vector(Session& session, std::int64_t set, const VisitVector& visit) {
  std::vector<float> vector;
  const Param param(set);
  auto ran =
      session.run("SELECT chunk, vector FROM chunk_vectors WHERE set_number = $1 ORDER BY chunk",
                  {&param, 1}, [&](const Row& row) -> Status {
                    unpack(row.bytes(1), vector);
                    visit(row.integer(0), vector);
                    return {};
                  });
  if (!ran) return fail(std::move(ran.error()));
  return {};
}

Status each_indexed(Session& session, const SomeOfSet& some, const VisitIndexed& visit) {
  std::vector<float> vector;
  const Param params[] = {some.set, some.from, some.from + some.limit};
  auto ran = session.run(
      "SELECT c.seq, c.heading, c.body, v.vector FROM chunks c LEFT JOIN chunk_vectors v ON "
      "v.set_number = c.set_number AND v.chunk = c.seq WHERE c.set_number = $1 AND c.position >= "
      "$2 AND c.position < $3 ORDER BY c.position",
      params, [&](const Row& row) -> Status {
        unpack(row.bytes(3), vector);
        visit({.chunk = row.integer(0),
               .heading = row.text(1),
               .body = row.text(2),
               .vector = vector});
        return {};
      });
  if (!ran) return fail(std::move(ran.error()));
  return {};
}

Result<std::vector<std::int64_t>> sets_that_fit(Session& session, const StoreKey& key,
                                                const AttributeFilter& filter) {
  Statement statement;
  statement.sql =
      "SELECT s.number FROM searchable_sets v JOIN chunk_sets s ON s.number = "
      "v.set_number WHERE v.project = " +
      statement.bind(key.project.value) + " AND v.store = " + statement.bind(key.store);
  statement.sql += " AND " + condition(statement, filter, "s");
  return session.query(statement.sql, statement.params(),
                       [](const Row& row) { return row.integer(0); });
}

Result<std::optional<Chunk>> fetch(Session& session, const StoreKey& key, std::int64_t chunk) {
  return session.query_one("SELECT c.seq, s.file, c.page, c.heading, c.body FROM chunks c" +
                               std::string(kVisible) +
                               "c.seq = $1 AND s.project = $2 AND s.store = $3",
                           {chunk, key.project, key.store}, chunk_of);
}

Result<std::vector<Chunk>> of_file(Session& session, const FileKey& key, std::int64_t position,
                                   std::size_t limit) {
  return session.query(
      "SELECT c.seq, s.file, c.page, c.heading, c.body FROM chunks c" + std::string(kVisible) +
          "s.project = $1 AND s.store = $2 AND s.file = $3 AND c.position >= $4 ORDER BY "
          "c.position LIMIT $5",
      {key.in.project, key.in.store, key.file, position, limit}, chunk_of);
}

}  // namespace store::chunks
