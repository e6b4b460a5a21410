#include "engine/model/hparams.h"

#include <fmt/format.h>

#include <climits>
#include <cmath>

#include "base/limits/model.h"

namespace engine {

Hparams::Hparams(const gguf::File& file, std::string architecture, int context_tokens)
    : file_(file),
      architecture_(std::move(architecture)),
      context_tokens_(context_tokens),
      fields_(file, architecture_ + ".") {}

std::string Hparams::full(std::string_view key) const {
  return architecture_ + "." + std::string(key);
}

void Hparams::refuse(std::string message) {
  if (!error_) error_ = Error{ErrorCode::CorruptData, std::move(message)};
}

Status Hparams::status() const {
  if (auto status = fields_.status(); !status) return status;
  if (error_) return fail(*error_);
  return {};
}

int Hparams::checked(std::string_view key, std::int64_t value, int low, int high) {
  if (value < low || value > high) {
    refuse(fmt::format("{} is {}, must be between {} and {}", full(key), value, low, high));
    return low;
  }
  return static_cast<int>(value);
}

int Hparams::required(std::string_view key, int low, int high) {
  return checked(key, fields_.require<std::int64_t>(key), low, high);
}

int Hparams::integer(std::string_view key, int otherwise, int low, int high) {
  const auto value = fields_.find<std::int64_t>(key);
  return value ? checked(key, *value, low, high) : otherwise;
}

float Hparams::required_float(std::string_view key) {
  if (!has(key)) return fields_.require<float>(key);
  return number(key, 0);
}

float Hparams::number(std::string_view key, float otherwise) {
  const float value = fields_.find_or<float>(key, otherwise);
  if (!std::isfinite(value)) refuse(fmt::format("{} is not a finite number", full(key)));
  return value;
}

bool Hparams::flag(std::string_view key, bool otherwise) {
  return fields_.find_or<bool>(key, otherwise);
}

std::string Hparams::text(std::string_view key, std::string otherwise) {
  return fields_.find_or<std::string>(key, std::move(otherwise));
}

std::vector<std::string> Hparams::texts(std::string_view key) {
  return fields_.find_or<std::vector<std::string>>(key, {});
}

std::vector<std::int64_t> Hparams::integers(std::string_view key) {
  auto values = fields_.find_or<std::vector<std::int64_t>>(key, {});
  for (const auto value : values) checked(key, value, INT_MIN, INT_MAX);
  return values;
}

bool Hparams::is_array(std::string_view key) const {
  const auto* value = file_.value(full(key));
  return value != nullptr && value->type == gguf::ValueType::Array;
}

int Hparams::draft_layers() {
  return integer("nextn_predict_layers", 0, 0, limits::model_layers_max);
}

std::vector<int> Hparams::per_layer(std::string_view key, int n_layers,
                                    std::optional<int> otherwise, int low, int high) {
  const auto count = static_cast<std::size_t>(n_layers);
  if (!is_array(key)) {
    const int value = otherwise ? integer(key, *otherwise, low, high) : required(key, low, high);
    return std::vector<int>(count, value);
  }
  const auto found = fields_.find_or<std::vector<std::int64_t>>(key, {});
  if (found.size() != count && found.size() != count + static_cast<std::size_t>(draft_layers())) {
    refuse(fmt::format("{} has {} entries for {} layers", full(key), found.size(), n_layers));
  }
  std::vector<int> values(count, low);
  for (std::size_t i = 0; i < count && i < found.size(); ++i) {
    values[i] = checked(key, found[i], low, high);
  }
  return values;
}

std::vector<bool> Hparams::flags_per_layer(std::string_view key, int n_layers) {
  auto found = fields_.find_or<std::vector<bool>>(key, {});
  const auto count = static_cast<std::size_t>(n_layers);
  if (found.size() != count && found.size() != count + static_cast<std::size_t>(draft_layers())) {
    refuse(fmt::format("{} has {} entries for {} layers", full(key), found.size(), n_layers));
  }
  found.resize(count);
  return found;
}

}  // namespace engine
