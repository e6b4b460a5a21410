// Builds the one SELECT behind every list: fixed conditions, cursors as positions in an index, one
// row more than asked so that has_more is known. For repositories only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "store/db/session.h"
#include "store/repo/page.h"

namespace store {

class PageQuery {
 public:
  // `select`: "SELECT ... FROM ..." without WHERE. `position`: the integer column that orders.
  PageQuery(std::string select, std::string position, const PageRequest& request)
      : sql_(std::move(select)), position_(std::move(position)), request_(request) {}

  // Adds `condition`, in which `?` stands for the value.
  PageQuery& where(std::string_view condition, Param value) {
    params_.push_back(value);
    return where_text(condition, "$" + std::to_string(params_.size()));
  }
  PageQuery& after(std::int64_t position) {
    return where(position_ + (ascending() ? " > ?" : " < ?"), position);
  }
  PageQuery& before(std::int64_t position) {
    return where(position_ + (ascending() ? " < ?" : " > ?"), position);
  }

  // What the request names as `after` and `before`: `position_of(id, parameter)` finds the row of a
  // cursor, or says that there is none.
  template <class PositionOf>
  Status between(const PositionOf& position_of) {
    if (request_.after) {
      const Result<std::int64_t> found = position_of(*request_.after, "after");
      if (!found) return fail(found.error());
      after(*found);
    }
    if (request_.before) {
      const Result<std::int64_t> found = position_of(*request_.before, "before");
      if (!found) return fail(found.error());
      before(*found);
    }
    return {};
  }

  // The only value of a query that selects an aggregate: no order, no limit.
  Result<std::int64_t> scalar(Session& session) {
    std::int64_t value = 0;
    auto ran = session.run(sql_, params_, [&](const Row& row) -> Status {
      value = row.integer(0);
      return {};
    });
    if (!ran) return fail(std::move(ran.error()));
    return value;
  }

  // The parameters must still be alive. O(log n + limit) when an index serves the conditions.
  template <class Map>
  auto run(Session& session, const Map& map) {
    // `before` alone reads backwards from the cursor and turns the result round.
    const bool backwards = request_.before && !request_.after;
    sql_ += " ORDER BY " + position_ + (ascending() != backwards ? " ASC" : " DESC");
    params_.emplace_back(static_cast<std::int64_t>(request_.limit) + 1);
    sql_ += " LIMIT $" + std::to_string(params_.size());

    auto rows = session.query(sql_, std::span<const Param>(params_), map);
    using T = typename std::remove_cvref_t<decltype(*rows)>::value_type;
    Result<Page<T>> page;
    if (!rows) {
      page = fail(std::move(rows.error()));
      return page;
    }
    page->entries = std::move(*rows);
    page->has_more = page->entries.size() > request_.limit;
    if (page->has_more) page->entries.pop_back();
    if (backwards) std::ranges::reverse(page->entries);
    return page;
  }

 private:
  bool ascending() const { return request_.order == Order::Ascending; }

  PageQuery& where_text(std::string_view condition, std::string_view parameter) {
    sql_ += first_ ? " WHERE " : " AND ";
    first_ = false;
    for (const char c : condition) {
      if (c == '?') {
        sql_ += parameter;
      } else {
        sql_ += c;
      }
    }
    return *this;
  }

  std::string sql_;
  std::string position_;
  const PageRequest& request_;
  std::vector<Param> params_;
  bool first_ = true;
};

}  // namespace store
