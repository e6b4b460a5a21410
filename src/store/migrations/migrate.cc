#include "store/migrations/migrate.h"

#include "base/check.h"
#include "base/log.h"

namespace store {
namespace {

std::string in_dialect(std::string_view statement, const Dialect& dialect) {
  std::string sql(statement);
  const auto replace = [&](std::string_view word, std::string_view with) {
    for (auto at = sql.find(word); at != std::string::npos; at = sql.find(word, at)) {
      sql.replace(at, word.size(), with);
    }
  };
  replace("@serial_key@", dialect.serial_key);
  replace("@bytes@", dialect.bytes);
  replace("@clustered@", dialect.clustered);
  return sql;
}

Status apply(Transaction& connection, const Dialect& dialect, const Migration& migration) {
  for (const auto statement : migration.statements) {
    if (auto ran = connection.execute(in_dialect(statement, dialect)); !ran) {
      return fail(std::move(ran.error()));
    }
  }
  if (auto ran = connection.execute("DELETE FROM schema_version"); !ran) return fail(ran.error());
  auto recorded =
      connection.execute("INSERT INTO schema_version (version) VALUES ($1)", {migration.version});
  if (!recorded) return fail(std::move(recorded.error()));
  return {};
}

}  // namespace

Status migrate(Transaction& connection, const Dialect& dialect,
               std::span<const Migration> migrations) {
  auto created =
      connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)");
  if (!created) return fail(std::move(created.error()));
  auto version = connection.query_integer("SELECT MAX(version) FROM schema_version", {});
  if (!version) return fail(std::move(version.error()));

  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (*version > newest) {
    LOG(Error, "database: its schema is version {}, this program knows up to {}", *version, newest);
    return fail(ErrorCode::Unsupported,
                "The data directory was written by a newer version of this program.");
  }
  for (const auto& migration : migrations) {
    if (migration.version <= *version) continue;
    if (auto begun = connection.execute("BEGIN"); !begun) return fail(std::move(begun.error()));
    auto status = apply(connection, dialect, migration);
    auto ended = connection.execute(status ? "COMMIT" : "ROLLBACK");
    if (!status) return status;
    if (!ended) return fail(std::move(ended.error()));
  }
  if (*version < newest) LOG(Info, "database: schema version {} -> {}", *version, newest);
  return {};
}

}  // namespace store
