#include "store/repo/keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include "store/repo/page_query.h"

namespace store::keys {
namespace {

constexpr const char* kSelect =
    "SELECT id, kind, organization, project, owner, name, masked, created_at, last_used_at,"
    " revoked_at, body, digest FROM keys";

using Digest = std::array<std::byte, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view secret) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

const char* kind_name(KeyKind kind) {
  return kind == KeyKind::Admin ? "admin" : "project";
}

Key from_row(const Row& row) {
  return {
      .id = {row.string(0)},
      .kind = row.text(1) == "admin" ? KeyKind::Admin : KeyKind::Project,
      .organization = {row.string(2)},
      .project = {row.string(3)},
      .owner = row.string(4),
      .name = row.string(5),
      .masked = row.string(6),
      .created_at = row.integer(7),
      .last_used_at = row.maybe_integer(8),
      .revoked_at = row.maybe_integer(9),
      .body = row.string(10),
  };
}

std::unexpected<Error> not_found(const char* param = "") {
  return fail(ErrorCode::NotFound, "No such API key.", param);
}

Result<std::int64_t> cursor_seq(Session& session, const Filter& filter, const std::string& id,
                                const char* param) {
  auto seq = session.query_one(
      "SELECT seq FROM keys WHERE id = $1 AND organization = $2 AND kind = $3 AND project = $4",
      {id, filter.organization, kind_name(filter.kind), filter.project},
      [](const Row& row) { return row.integer(0); });
  if (!seq) return fail(std::move(seq.error()));
  if (!*seq) return not_found(param);
  return **seq;
}

}  // namespace

std::string mask(std::string_view secret) {
  // Shows at most a quarter of the secret, and nothing of a short one.
  constexpr std::size_t kHead = 6;
  constexpr std::size_t kTail = 4;
  if (secret.size() < 4 * (kHead + kTail)) return "...";
  return std::string(secret.substr(0, kHead)) + "..." +
         std::string(secret.substr(secret.size() - kTail));
}

Status add(Transaction& transaction, Key& key, std::string_view secret) {
  key.masked = mask(secret);
  const Digest digest = digest_of(secret);
  auto added = transaction.execute(
      "INSERT INTO keys (id, digest, kind, organization, project, owner, name, masked, created_at,"
      " last_used_at, revoked_at, body)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {key.id, Bytes(digest), kind_name(key.kind), key.organization, key.project, key.owner,
       key.name, key.masked, key.created_at, key.last_used_at, key.revoked_at, key.body});
  if (!added) return fail(std::move(added.error()));
  return {};
}

Result<Key> authenticate(Session& session, std::string_view secret) {
  const Digest digest = digest_of(secret);
  Digest stored{};
  auto found = session.query_one(std::string(kSelect) + " WHERE digest = $1", {Bytes(digest)},
                                 [&](const Row& row) {
                                   const Bytes bytes = row.bytes(11);
                                   if (bytes.size() == stored.size()) {
                                     std::copy(bytes.begin(), bytes.end(), stored.begin());
                                   }
                                   return from_row(row);
                                 });
  if (!found) return fail(std::move(found.error()));
  // The index finds by digest, whose timing says nothing about the secret; this makes sure.
  const bool same = CRYPTO_memcmp(stored.data(), digest.data(), digest.size()) == 0;
  if (!*found || !same || (*found)->revoked_at) return not_found();
  return std::move(**found);
}

Result<Key> get(Session& session, const base::KeyId& id) {
  auto found = session.query_one(std::string(kSelect) + " WHERE id = $1", {id}, from_row);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return not_found();
  return std::move(**found);
}

Result<Page<Key>> list(Session& session, const Filter& filter, const PageRequest& request) {
  PageQuery query(kSelect, "seq", request);
  query.where("organization = ?", filter.organization)
      .where("kind = ?", kind_name(filter.kind))
      .where("project = ?", filter.project)
      .where("COALESCE(revoked_at, 0) = ?", 0);
  auto cursors = query.between([&](const std::string& id, const char* parameter) {
    return cursor_seq(session, filter, id, parameter);
  });
  if (!cursors) return fail(std::move(cursors.error()));
  return query.run(session, from_row);
}

Status revoke(Transaction& transaction, const base::KeyId& id, std::int64_t now_seconds) {
  auto changed = transaction.execute(
      "UPDATE keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", {now_seconds, id});
  if (!changed) return fail(std::move(changed.error()));
  if (*changed == 0) return not_found();
  return {};
}

Status touch(Transaction& transaction, const base::KeyId& id, std::int64_t now_seconds) {
  auto changed = transaction.execute(
      "UPDATE keys SET last_used_at = $1 WHERE id = $2 AND COALESCE(last_used_at, 0) < $1",
      {now_seconds, id});
  if (!changed) return fail(std::move(changed.error()));
  return {};
}

}  // namespace store::keys
