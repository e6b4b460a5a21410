#include "inference/output/call_reader.h"

#include <algorithm>

#include "base/json/value.h"

namespace inference::output {

const Tool* CallSink::find(std::string_view name) const {
  for (const auto& tool : tools_) {
    if (tool.name == name) return &tool;
  }
  return nullptr;
}

void CallSink::begin(std::string name, std::string id) {
  tool_ = find(name);
  is_custom_ = tool_ && tool_->kind == Tool::Kind::Custom;
  is_open_ = true;
  input_ = {};
  out_.push_back(CallBegin{index_, std::move(id), std::move(name), is_custom_});
}

void CallSink::arguments(std::string_view json) {
  std::string text = is_custom_ ? input_.feed(json) : std::string(json);
  if (!text.empty()) out_.push_back(CallPiece{index_, std::move(text)});
}

void CallSink::end() {
  if (!is_open_) return;
  if (is_custom_) {
    std::string rest = input_.finish();
    if (!rest.empty()) out_.push_back(CallPiece{index_, std::move(rest)});
  }
  out_.push_back(CallEnd{index_});
  ++index_;
  is_open_ = false;
}

std::string_view CallSink::parameter_type(std::string_view parameter) const {
  if (is_custom_) return "string";
  const auto* properties = tool_ ? json::find(tool_->parameters, "properties") : nullptr;
  const auto* schema = properties ? json::find(*properties, parameter) : nullptr;
  const auto* type = schema ? json::find(*schema, "type") : nullptr;
  return type && type->is_string() ? std::string_view(type->get_string()) : std::string_view();
}

std::size_t partial_suffix(std::string_view text, std::string_view marker) {
  if (marker.empty()) return 0;
  for (std::size_t size = std::min(text.size(), marker.size() - 1); size > 0; --size) {
    if (text.ends_with(marker.substr(0, size))) return size;
  }
  return 0;
}

bool is_proper_prefix(std::string_view text, std::string_view marker) {
  return text.size() < marker.size() && marker.starts_with(text);
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace inference::output
