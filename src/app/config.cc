#include "app/config.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace app {
namespace {

const Setting* find(std::string_view name) {
  for (const Setting& setting : settings()) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

// server.tls_key -> PARLANCE_SERVER_TLS_KEY
std::string environment_name(std::string_view name) {
  std::string out = "PARLANCE_";
  for (const char c : name)
    out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// A TOML value as the text that Setting::set takes.
Result<std::string> as_text(const toml::node& node) {
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_integer()) return std::to_string(value->get());
  if (const auto* value = node.as_boolean()) return std::string(value->get() ? "true" : "false");
  if (const auto* array = node.as_array()) {
    std::string out;
    for (const auto& element : *array) {
      if (!element.is_string()) return fail(ErrorCode::InvalidRequest, "must be a list of strings");
      out += (out.empty() ? "" : ",") + element.as_string()->get();
    }
    return out;
  }
  return fail(ErrorCode::InvalidRequest,
              "must be a string, a whole number, true or false, or a list of strings");
}

Status apply_table(Config& config, const toml::table& table, const std::string& prefix) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const Setting* setting = find(name);
    if (!setting && node.is_table()) {
      if (auto status = apply_table(config, *node.as_table(), name + "."); !status) return status;
      continue;
    }
    const auto line = node.source().begin.line;
    if (!setting)
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("line {}: there is no setting '{}'", line, name));
    auto text = as_text(node);
    if (!text)
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("line {}: {} {}", line, name, text.error().message));
    if (auto status = setting->set(config, *text); !status) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("line {}: {}", line, status.error().message));
    }
  }
  return {};
}

}  // namespace

Config default_config() {
  Config config;
  const char* data_home = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  if (data_home && *data_home)
    config.data = std::string(data_home) + "/parlance";
  else
    config.data = std::string(home ? home : ".") + "/.local/share/parlance";
  return config;
}

Status apply_file(Config& config, const std::string& path) {
  try {
    const toml::table table = toml::parse_file(path);
    if (auto status = apply_table(config, table, ""); !status) {
      return fail(ErrorCode::InvalidRequest, fmt::format("{}: {}", path, status.error().message));
    }
    return {};
  } catch (const toml::parse_error& error) {
    return fail(
        ErrorCode::InvalidRequest,
        fmt::format("{}: line {}: {}", path, error.source().begin.line, error.description()));
  }
}

Status apply_environment(Config& config) {
  for (const Setting& setting : settings()) {
    const std::string name = environment_name(setting.name);
    const char* value = std::getenv(name.c_str());
    if (!value) continue;
    if (auto status = setting.set(config, value); !status) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("environment {}: {}", name, status.error().message));
    }
  }
  return {};
}

Status apply_assignment(Config& config, std::string_view assignment) {
  const auto equals = assignment.find('=');
  const Setting* setting = find(assignment.substr(0, equals));
  if (equals == assignment.npos || !setting) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("'{}' is not NAME=VALUE with a known name; see docs/configuration.md",
                            assignment));
  }
  return setting->set(config, assignment.substr(equals + 1));
}

std::string config_reference() {
  const Config defaults;
  std::string out;
  std::string section;
  for (const Setting& setting : settings()) {
    const auto dot = setting.name.find('.');
    const std::string_view in = dot == setting.name.npos ? "" : setting.name.substr(0, dot);
    if (in != section) {
      section = in;
      out += fmt::format("\n[{}]\n", section);
    }
    const std::string key(setting.name.substr(dot == setting.name.npos ? 0 : dot + 1));
    const std::string value = setting.show(defaults);
    const bool bare =
        value == "true" || value == "false" ||
        (!value.empty() &&
         std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c); }));
    out +=
        fmt::format("# {}\n# {} = {}\n", setting.meaning, key, bare ? value : "\"" + value + "\"");
  }
  return out;
}

}  // namespace app
