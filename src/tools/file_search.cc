#include "tools/file_search.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json/codec.h"
#include "base/limits/vector.h"
#include "vector/filter_json.h"

namespace tools {
namespace {

struct Hybrid {
  double embedding_weight = 1, text_weight = 1;
  static constexpr auto json_fields() {
    return std::tuple{json::field("embedding_weight", &Hybrid::embedding_weight).min(0),
                      json::field("text_weight", &Hybrid::text_weight).min(0)};
  }
};

struct Ranking {
  std::optional<std::string> ranker;
  std::optional<double> score_threshold;
  std::optional<Hybrid> hybrid_search;
  static constexpr std::array<std::string_view, 3> kRankers{"none", "auto", "default-2024-11-15"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("ranker", &Ranking::ranker).one_of(kRankers),
                      json::field("score_threshold", &Ranking::score_threshold).min(0).max(1),
                      json::field("hybrid_search", &Ranking::hybrid_search)};
  }
};

// The tool's entry in `tools`.
struct Wanted {
  std::vector<std::string> vector_store_ids;
  std::optional<int> max_num_results;
  std::optional<json::Value> filters;
  std::optional<Ranking> ranking_options;
  static constexpr auto json_fields() {
    return std::tuple{json::field("vector_store_ids", &Wanted::vector_store_ids)
                          .length_min(1)
                          .length_max(limits::search_stores_max),
                      json::field("max_num_results", &Wanted::max_num_results)
                          .min(1)
                          .max(limits::search_results_max),
                      json::field("filters", &Wanted::filters),
                      json::field("ranking_options", &Wanted::ranking_options)};
  }
};

Result<vector::SearchRequest> to_request(const json::Object& options, const json::Path& path) {
  auto wanted = json::read<Wanted>(json::Value(options), path);
  if (!wanted) return fail(wanted.error());
  vector::SearchRequest out;
  out.stores = std::move(wanted->vector_store_ids);
  out.results_max = wanted->max_num_results.value_or(limits::search_results_default);
  if (wanted->filters && !wanted->filters->is_null()) {
    auto filter = vector::read_filter(*wanted->filters, path.member("filters"));
    if (!filter) return fail(filter.error());
    out.filter = std::move(*filter);
  }
  if (const auto& ranking = wanted->ranking_options) {
    out.score_min = ranking->score_threshold.value_or(0);
    out.reranks = ranking->ranker != "none";
    if (const auto& hybrid = ranking->hybrid_search) {
      if (hybrid->embedding_weight + hybrid->text_weight <= 0)
        return fail(ErrorCode::InvalidRequest,
                    "At least one of 'embedding_weight' and 'text_weight' must be above 0.",
                    path.member("ranking_options").str(), "invalid_value");
      out.weights = vector::Weights{hybrid->embedding_weight, hybrid->text_weight};
    }
  }
  return out;
}

// What the model wants to know: {"queries": [...]}, {"query": "..."}, or, when it wrote neither,
// what the user said.
std::vector<std::string> queries_of(const Call& call) {
  std::vector<std::string> out;
  const auto add = [&](const json::Value& value) {
    if (!value.is_string() || value.get_string().empty()) return;
    std::string text(value.get_string());
    if (text.size() > limits::search_query_bytes_max) {
      text.resize(base::utf8_complete_prefix(
          std::string_view(text).substr(0, limits::search_query_bytes_max)));
    }
    if (out.size() < limits::search_queries_max) out.push_back(std::move(text));
  };
  if (const auto arguments = json::parse(call.arguments)) {
    for (const char* name : {"queries", "query"}) {
      const auto* value = json::find(*arguments, name);
      if (!value) continue;
      add(*value);
      if (const auto* list = value->if_array()) {
        for (const auto& each : *list) add(each);
      }
    }
  }
  if (out.empty()) add(json::Value(call.user_text));
  return out;
}

std::string described(const vector::Passage& passage) {
  std::string out = passage.filename;
  if (passage.page > 0) out += fmt::format(", page {}", passage.page);
  if (!passage.heading.empty()) out += ", " + passage.heading;
  return out;
}

}  // namespace

Status FileSearch::check(const json::Object& options, const json::Path& path) const {
  auto request = to_request(options, path);
  if (!request) return fail(request.error());
  return {};
}

base::awaitable<Status> FileSearch::ready(base::ProjectId project, json::Object options) {
  auto request = to_request(options, {});
  if (!request) co_return fail(request.error());
  auto checked = co_await search_.check(std::move(project), std::move(request->stores));
  co_return checked;
}

inference::Tool FileSearch::declaration(const json::Object&) const {
  inference::Tool tool;
  tool.name = "file_search";
  tool.description =
      "Searches the user's files. Gives numbered passages; cite one by its number in square "
      "brackets, like [1], right behind what you take from it.";
  tool.parameters = json::Object{
      {"type", "object"},
      {"properties",
       json::Object{
           {"queries", json::Object{{"type", "array"},
                                    {"items", json::Object{{"type", "string"}}},
                                    {"description", "What to look for, in a few words each."}}}}},
      {"required", json::Array{"queries"}},
      {"additionalProperties", false}};
  return tool;
}

bool FileSearch::goes_first(const std::string& model) const {
  if (std::ranges::find(options_.small_models, model) != options_.small_models.end()) return true;
  for (const auto& info : backend_.models()) {
    if (info.id == model)
      return info.context_tokens > 0 && info.context_tokens <= options_.small_context_tokens;
  }
  return false;
}

json::Object FileSearch::begin(const Call&) const {
  return {{"status", "in_progress"}, {"queries", json::Array()}, {"results", nullptr}};
}

base::awaitable<Result<Answer>> FileSearch::run(Call call, Progress& progress) {
  auto request = to_request(call.options, {});
  if (!request) co_return fail(request.error());
  request->project = call.project;
  request->queries = queries_of(call);
  if (request->queries.empty())
    co_return fail(ErrorCode::InvalidRequest, "The call names no query.");
  const json::Value queries = json::write(request->queries);
  std::string type = "file_search_call.in_progress";
  co_await progress.event(type);
  type = "file_search_call.searching";
  co_await progress.event(type);
  auto found = co_await search_.find(std::move(*request));
  if (!found) co_return fail(found.error());

  Answer answer;
  json::Array results;
  int number = call.cited_before;
  for (const auto& passage : *found) {
    results.push_back(json::Object{{"file_id", passage.file},
                                   {"filename", passage.filename},
                                   {"score", passage.score},
                                   {"text", passage.text},
                                   {"attributes", passage.attributes}});
    // All are shown, but the model is told only what it can read: the best, the last one cut.
    if (answer.text.size() >= call.text_bytes_max) continue;
    std::string told = fmt::format("[{}] {}\n{}", ++number, described(passage), passage.text);
    const std::size_t room = call.text_bytes_max - answer.text.size();
    if (told.size() > room)
      told.resize(base::utf8_complete_prefix(std::string_view(told).substr(0, room)));
    answer.text += told + "\n\n";
    answer.sources.push_back({.annotation = {{"type", "file_citation"},
                                             {"index", 0},
                                             {"file_id", passage.file},
                                             {"filename", passage.filename}},
                              .text = passage.text});
  }
  answer.text += found->empty() ? "Nothing was found in the files."
                                : "Cite passages by their numbers, like [" +
                                      std::to_string(call.cited_before + 1) + "].";
  answer.item = {{"status", "completed"}, {"queries", queries}, {"results", std::move(results)}};
  type = "file_search_call.completed";
  co_await progress.event(type);
  co_return answer;
}

}  // namespace tools
