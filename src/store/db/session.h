// What a repository may do inside one database transaction: run SQL with bound parameters and read
// rows. Says nothing about who runs it; db/database.h hands sessions out.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace store {

using Bytes = std::span<const std::byte>;

// A value bound to `$1`, `$2`... Views are not copied: what they point at must outlive the call.
class Param {
 public:
  using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Bytes>;

  Param(std::nullptr_t) : value_(nullptr) {}
  template <std::integral T>
  Param(T value) : value_(static_cast<std::int64_t>(value)) {}
  Param(double value) : value_(value) {}
  Param(std::string_view text) : value_(text) {}
  Param(const std::string& text) : value_(std::string_view(text)) {}
  Param(const char* text) : value_(std::string_view(text)) {}
  Param(Bytes bytes) : value_(bytes) {}
  template <class Tag>
  Param(const base::Id<Tag>& id) : value_(std::string_view(id.value)) {}
  template <class T>
  Param(const std::optional<T>& maybe) : value_(nullptr) {
    if (maybe) value_ = Param(*maybe).value_;
  }

  const Value& value() const { return value_; }

 private:
  Value value_;
};

// The current row of a result. Columns are 0-based; views live until the next row. A null reads as
// 0 or empty.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual Bytes bytes(int column) const = 0;

  std::string string(int column) const { return std::string(text(column)); }
  std::optional<std::int64_t> maybe_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
};

namespace detail {
template <class T>
struct Unwrapped {
  using type = T;
};
template <class T>
struct Unwrapped<Result<T>> {
  using type = T;
};
}  // namespace detail

// A snapshot to read from. Lifetime: the closure it was given to. Thread: the one that runs that
// closure. SQL is the subset common to SQLite and PostgreSQL, with parameters `$1`, `$2`...
class Session {
 public:
  // Called for each row; an error ends the statement and becomes its result.
  using OnRow = std::function<Status(const Row&)>;

  virtual ~Session() = default;

  // Runs one statement and returns how many rows it changed.
  virtual Result<std::int64_t> run(std::string_view sql, std::span<const Param> params,
                                   const OnRow& on_row) = 0;

  Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Param> params = {}) {
    return run(sql, {params.begin(), params.size()}, nullptr);
  }

  // Every row through `map`, which returns a T or a Result<T>.
  template <class Map>
  auto query(std::string_view sql, std::span<const Param> params, const Map& map) -> Result<
      std::vector<typename detail::Unwrapped<std::invoke_result_t<const Map&, const Row&>>::type>> {
    using Mapped = std::invoke_result_t<const Map&, const Row&>;
    std::vector<typename detail::Unwrapped<Mapped>::type> rows;
    auto ran = run(sql, params, [&](const Row& row) -> Status {
      if constexpr (std::is_same_v<Mapped, typename detail::Unwrapped<Mapped>::type>) {
        rows.push_back(map(row));
      } else {
        auto mapped = map(row);
        if (!mapped) return fail(std::move(mapped.error()));
        rows.push_back(std::move(*mapped));
      }
      return {};
    });
    if (!ran) return fail(std::move(ran.error()));
    return rows;
  }
  template <class Map>
  auto query(std::string_view sql, std::initializer_list<Param> params, const Map& map) {
    return query(sql, std::span<const Param>(params.begin(), params.size()), map);
  }

  // The first row through `map`, nullopt when there is none.
  template <class Map>
  auto query_one(std::string_view sql, std::initializer_list<Param> params, const Map& map)
      -> Result<std::optional<
          typename detail::Unwrapped<std::invoke_result_t<const Map&, const Row&>>::type>> {
    auto rows = query(sql, params, map);
    if (!rows) return fail(std::move(rows.error()));
    if (rows->empty()) return std::nullopt;
    return std::move(rows->front());
  }

  Result<std::int64_t> query_integer(std::string_view sql, std::initializer_list<Param> params) {
    auto found = query_one(sql, params, [](const Row& row) { return row.integer(0); });
    if (!found) return fail(std::move(found.error()));
    return found->value_or(0);
  }
};

// A session that may also change rows. What a failed closure changed is undone.
class Transaction : public Session {};

}  // namespace store
