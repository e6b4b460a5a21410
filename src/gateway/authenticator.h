// Establishes the Caller of every request from its key, before any handler runs.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/async.h"
#include "base/guarded.h"
#include "base/time.h"
#include "gateway/caller.h"
#include "http/router.h"
#include "store/db/database.h"

namespace gateway {

// Owned by the router. Any thread. Routes with the tag "public" need no key; those with "admin"
// need an admin key. A refusal is an ApiError.
class Authenticator final : public http::Middleware {
 public:
  struct Options {
    std::optional<Caller>
        anonymous;  // who calls when no key is asked for; absent: a key is required
  };
  Authenticator(store::Database& database, base::Pools& pools, const base::Clock& clock,
                Options options);

  base::awaitable<std::optional<http::Response>> before(http::Request& request) override;
  void after(const http::Request& request, http::Response& response) override;

 private:
  struct Known {
    Caller caller;
    base::MonotonicTime until;
  };
  base::awaitable<Result<Caller>> identify(std::string secret);

  store::Database& database_;
  base::Pools& pools_;
  const base::Clock& clock_;
  Options options_;
  base::Guarded<std::map<std::string, Known>> known_;  // by key; in memory only
};

// The key with its middle hidden, for error messages: "sk-proj-*****abcd".
std::string mask_key(std::string_view key);

}  // namespace gateway
