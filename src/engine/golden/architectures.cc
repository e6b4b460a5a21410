#include "engine/golden/architectures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/golden/files.h"
#include "engine/golden/model_runner.h"

namespace engine::golden {
namespace {

// How far a model was from one stored file, as a share of what is allowed: above 1 is wrong.
struct Distance {
  double worst = 0;
  double difference = 0;  // the absolute one behind it
  std::string where = {};

  void note(double value, double limit, const std::string& place) {
    if (!(value / limit > worst) && !std::isnan(value)) return;
    worst = std::isnan(value) ? INFINITY : value / limit;
    difference = value;
    where = place;
  }
};

struct Limits {
  double absolute = 0;
  std::optional<double> nmse;  // for engines that round activations in their own way
};

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!(difference <= largest)) largest = std::isnan(difference) ? INFINITY : difference;
  }
  return largest;
}

double normalised_error(const std::vector<float>& got, const std::vector<float>& expected) {
  double error = 0, power = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(static_cast<double>(got[i]) - expected[i], 2);
    power += std::pow(static_cast<double>(expected[i]), 2);
  }
  return error / power;
}

TokenId argmax(const std::vector<float>& logits) {
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

void compare_vector(const std::vector<float>& got, const std::vector<float>& expected,
                    const Limits& limits, const std::string& place, Distance& distance) {
  const double absolute = largest_difference(got, expected);
  if (limits.nmse && absolute > limits.absolute) {
    distance.note(normalised_error(got, expected), *limits.nmse, place + " (nmse)");
  } else {
    distance.note(absolute, limits.absolute, place);
  }
}

// The five best stored logits of every position, and which is the best where it leads clearly.
void compare_top5(const std::vector<std::vector<float>>& logits, const json::Array& top5,
                  const Limits& limits, const std::string& place, Distance& distance) {
  for (std::size_t position = 0; position < top5.size(); ++position) {
    const auto& five = top5[position].as_array();
    const auto entry = [&](std::size_t i) {
      const auto& pair = five[i].as_array();
      return std::pair(pair[0].to_number<std::size_t>(), pair[1].to_number<double>());
    };
    const auto at = fmt::format("{} top5[{}]", place, position);
    if (!limits.nmse) {
      for (std::size_t i = 0; i < five.size(); ++i) {
        const auto [token, logit] = entry(i);
        distance.note(std::abs(logits[position][token] - logit), limits.absolute, at);
      }
    }
    const bool clear = entry(0).second - entry(1).second > 2 * limits.absolute;
    if (clear && argmax(logits[position]) != static_cast<TokenId>(entry(0).first)) {
      distance.note(INFINITY, 1, at + " best");
    }
  }
}

// Continues with the best token 32 times. Ids must agree until a step that was nearly a tie.
void compare_greedy(ModelRunner& runner, std::vector<float> logits, const json::Object& run,
                    const Limits& limits, const std::string& place, Distance& distance) {
  const auto greedy = ints_of(run.at("greedy"));
  const auto margins = floats_of(run.at("greedy_margin"));
  for (std::size_t i = 0; i < greedy.size(); ++i) {
    const TokenId best = argmax(logits);
    if (best != greedy[i]) {
      if (margins[i] < 2 * limits.absolute) return;
      return distance.note(INFINITY, 1, fmt::format("{} greedy[{}]", place, i));
    }
    logits = runner.feed(std::span(&best, 1)).back();
  }
  compare_vector(logits, floats_of(run.at("logits_after_greedy")), limits, place + " after greedy",
                 distance);
}

void compare_runs(ModelRunner& runner, const json::Value& stored, const Limits& limits,
                  Distance& distance) {
  for (const auto& value : stored.at("runs").as_array()) {
    const auto& run = value.as_object();
    const auto tokens = ints_of(run.at("tokens"));
    const auto last = floats_of(run.at("last_logits"));
    for (const int piece : {8, 1, 0}) {
      const auto place = fmt::format("{} tokens by {}", tokens.size(), piece);
      runner.restart();
      const auto logits = runner.feed(tokens, piece);
      compare_top5(logits, run.at("top5").as_array(), limits, place, distance);
      compare_vector(logits.back(), last, limits, place, distance);
      if (piece == 0) compare_greedy(runner, logits.back(), run, limits, place, distance);
    }
  }
}

std::vector<float> normalised(std::vector<float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  const auto length = static_cast<float>(std::sqrt(sum));
  for (float& value : values) value /= length;
  return values;
}

Pooling pooling_named(std::string_view name) {
  if (name == "mean") return Pooling::Mean;
  if (name == "cls") return Pooling::Cls;
  if (name == "last") return Pooling::Last;
  if (name == "rank") return Pooling::Rank;
  return Pooling::None;
}

void compare_embeddings(ModelRunner& runner, const json::Value& stored, const Limits& limits,
                        Distance& distance) {
  const auto& sequences = stored.at("sequences").as_array();
  for (const auto& value : stored.at("embeddings").as_array()) {
    const auto& entry = value.as_object();
    const auto name = std::string(entry.at("pooling").as_string());
    const auto index = entry.at("sequence").to_number<std::size_t>();
    const auto place = fmt::format("{} of sequence {}", name, index);
    const auto hidden = runner.hidden(ints_of(sequences[index]));
    const auto vectors = pool_states(runner.model(), pooling_named(name), hidden);
    if (const auto* scores = json::find(entry, "scores")) {
      compare_vector(vectors[0], floats_of(*scores), limits, place, distance);
    } else if (const auto* unit = json::find(entry, "l2_normalised")) {
      compare_vector(normalised(vectors[0]), floats_of(*unit), limits, place, distance);
    } else {
      const auto& tokens = entry.at("tokens").as_array();
      for (std::size_t t = 0; t < tokens.size(); ++t) {
        compare_vector(vectors[t], floats_of(tokens[t]), limits, place, distance);
      }
    }
  }
}

Distance compare_with(ModelRunner& runner, const json::Value& stored, const Limits& limits) {
  Distance distance;
  if (json::find(stored, "runs")) compare_runs(runner, stored, limits, distance);
  if (json::find(stored, "embeddings")) compare_embeddings(runner, stored, limits, distance);
  return distance;
}

std::optional<double> number_at(const json::Value& object, std::string_view key) {
  const auto* value = json::find(object, key);
  if (value == nullptr) return std::nullopt;
  return value->to_number<double>();
}

Row wrong(const std::string& name, std::string detail) {
  return {"architectures", name, Verdict::Wrong, std::move(detail)};
}

}  // namespace

Row compare_architecture(const std::filesystem::path& folder, const std::string& name) {
  const auto stored = read_json(folder / (name + ".json"));
  const auto tolerances = read_json(folder / "tolerances.json");
  if (!stored) return wrong(name, stored.error().message);
  if (!tolerances) return wrong(name, tolerances.error().message);
  const auto* limits = json::find(*tolerances, name);
  if (limits == nullptr) return {"architectures", name, Verdict::NotCovered, "no tolerance"};

  auto runner =
      ModelRunner::open((folder / (name + ".gguf")).string(), stored->at("n_ctx").to_number<int>());
  if (!runner) {
    const bool unsupported = runner.error().code == ErrorCode::Unsupported;
    return {"architectures", name, unsupported ? Verdict::NotCovered : Verdict::Wrong,
            runner.error().message};
  }
  const auto nmse = number_at(*limits, "tolerance_nmse");
  const auto describe = [](const Distance& d, const char* against) {
    return fmt::format("{:.2g} of the limit against {} ({:.2g}, {})", d.worst, against,
                       d.difference, d.where);
  };
  std::string detail;
  if (const auto ideal = read_json(folder / (name + ".ideal.json"))) {
    const auto distance = compare_with(
        **runner, *ideal, {number_at(*limits, "tolerance_abs_ideal").value_or(1e-4), nmse});
    detail = describe(distance, "ideal");
    if (distance.worst <= 1) return {"architectures", name, Verdict::Within, detail};
    detail += "; ";
  }
  const auto distance =
      compare_with(**runner, *stored, {number_at(*limits, "tolerance_abs").value_or(1e-4), nmse});
  detail += describe(distance, "reference");
  return {"architectures", name, distance.worst <= 1 ? Verdict::Within : Verdict::Wrong, detail};
}

Report compare_architectures(const std::filesystem::path& folder, std::string_view only) {
  Report report;
  for (const auto& name : names_in(folder, ".gguf", only)) {
    report.push_back(compare_architecture(folder, name));
  }
  return report;
}

}  // namespace engine::golden
