// The table of settings: adding one is a member in config.h and a line here.
#include <charconv>

#include <fmt/format.h>

#include "app/config.h"

namespace app {
namespace {

template <class T>
using Member = std::function<T&(Config&)>;

std::string unquoted_list(const std::vector<std::string>& values) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "" : ",") + value;
  return out;
}

Setting text(std::string_view name, Member<std::string> member, std::string_view meaning) {
  return {name, meaning,
          [member](Config& c, std::string_view v) -> Status {
            member(c) = v;
            return {};
          },
          [member](const Config& c) { return member(const_cast<Config&>(c)); }};
}

Setting number(std::string_view name, Member<std::int64_t> member, std::int64_t min,
               std::int64_t max, std::string_view meaning) {
  return {name, meaning,
          [=](Config& c, std::string_view v) -> Status {
            std::int64_t value = 0;
            const auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), value);
            if (error != std::errc() || end != v.data() + v.size() || value < min || value > max) {
              return fail(ErrorCode::InvalidRequest,
                          fmt::format("{} must be a whole number from {} to {}, not '{}'", name,
                                      min, max, v));
            }
            member(c) = value;
            return {};
          },
          [member](const Config& c) { return std::to_string(member(const_cast<Config&>(c))); }};
}

Setting boolean(std::string_view name, Member<bool> member, std::string_view meaning) {
  return {name, meaning,
          [=](Config& c, std::string_view v) -> Status {
            if (v != "true" && v != "false" && v != "1" && v != "0") {
              return fail(ErrorCode::InvalidRequest,
                          fmt::format("{} must be true or false, not '{}'", name, v));
            }
            member(c) = v == "true" || v == "1";
            return {};
          },
          [member](const Config& c) { return member(const_cast<Config&>(c)) ? "true" : "false"; }};
}

// Comma-separated.
Setting list(std::string_view name, Member<std::vector<std::string>> member,
             std::string_view meaning) {
  return {name, meaning,
          [member](Config& c, std::string_view v) -> Status {
            auto& out = member(c);
            out.clear();
            while (!v.empty()) {
              const auto comma = v.find(',');
              if (comma != 0) out.emplace_back(v.substr(0, comma));
              v.remove_prefix(comma == v.npos ? v.size() : comma + 1);
            }
            return {};
          },
          [member](const Config& c) { return unquoted_list(member(const_cast<Config&>(c))); }};
}

#define AT(path) [](Config& c) -> auto& { return c.path; }

std::vector<Setting> make_settings() {
  return {
      text("data", AT(data), "directory of all state: database, files, added models"),
      text("log_level", AT(log_level), "debug, info, warning or error"),
      text("script", AT(script),
           "a JSON script to play instead of a model, or `instant`; for tests and measurements"),

      text("server.host", AT(server.host), "address to listen on; beyond loopback keys must exist"),
      number("server.port", AT(server.port), 0, 65'535, "port to listen on; 0 takes any free one"),
      text("server.tls_certificate", AT(server.tls_certificate),
           "PEM file; with server.tls_key turns TLS on"),
      text("server.tls_key", AT(server.tls_key), "PEM file of the private key"),
      number("server.io_threads", AT(server.io_threads), 1, 64, "threads for connections"),
      boolean("server.no_auth", AT(server.no_auth), "ask for no keys; refused beyond loopback"),
      list("server.allowed_hosts", AT(server.allowed_hosts),
           "further names accepted in the Host header on loopback"),
      list("server.cors_origins", AT(server.cors_origins),
           "origins that browsers may call from; * for all"),

      number("engine.threads", AT(engine.threads), 0, 1'024, "compute threads; 0 is one per core"),
      number("engine.context_tokens", AT(engine.context_tokens), 0, 16'777'216,
             "longest sequence; 0 is as trained, or what memory allows"),
      number("engine.memory_mb_max", AT(engine.memory_mb_max), 0, 16'777'216,
             "memory of one model with its cache; 0 is what the machine has free"),
      number("engine.sequences_max", AT(engine.sequences_max), 1, 1'024,
             "sequences computed at a time; others wait"),
      text("engine.kv_type", AT(engine.kv_type),
           "format of the key and value cache: bf16, f16, f32 or q8; auto is f16 beside weights of "
           "f16 and f32, else bf16"),
      number("engine.resident_models_max", AT(engine.resident_models_max), 1, 64,
             "models kept in memory; the least recently used leaves first"),

      text("models.default", AT(models.default_model),
           "model that `run` and the printed example use"),
      text("models.embedding", AT(models.embedding_model),
           "model that new vector stores embed with; empty is one made for it, or any"),
      text("models.reranker", AT(models.reranker),
           "model that reads the best passages of a search again; empty is none"),
      list("models.aliases", AT(models.aliases),
           "further names of models, as NAME=ID: text-embedding-3-small=parlance-embed"),
      list("models.files", AT(models.files),
           "further GGUF files to serve, beside those that were added"),
      list("models.adapters", AT(models.adapters),
           "LoRA adapters to serve as models of their own: NAME@BASE=FILE.gguf, BASE a model here"),
      list("models.limits", AT(models.limits),
           "settings of single models: NAME.SETTING=VALUE, of engine.threads, context_tokens, "
           "memory_mb_max, sequences_max and kv_type"),
      list(
          "models.drafts", AT(models.drafts),
          "small models that guess ahead for big ones of the same vocabulary: NAME=ID, where ID is "
          "the small one; answers stay the same"),
      boolean("models.truncate", AT(models.truncate),
              "drop the earliest messages of a chat that does not fit, instead of an error"),
  };
}

// Of what is stored and what is done with it later.
std::vector<Setting> make_state_settings() {
  return {
      number("retention.responses_days", AT(retention.responses_days), 0, 36'500,
             "days a stored response is kept; 0 is for ever"),
      number("retention.chats_days", AT(retention.chats_days), 0, 36'500,
             "days a stored chat completion is kept; 0 is for ever"),
      number("retention.sweep_seconds", AT(retention.sweep_seconds), 1, 86'400,
             "how often what has expired is removed"),
      number("batches.window_seconds", AT(batches.window_seconds), 1, 2'592'000,
             "what is left of a batch after so long expires"),
      boolean("fetch.allow_private", AT(fetch.allow_private),
              "fetch files that requests name by URL from loopback and private networks too"),
      boolean("webhooks.allow_private", AT(webhooks.allow_private),
              "deliver webhooks to loopback and private networks too"),
  };
}

#undef AT

}  // namespace

std::span<const Setting> settings() {
  static const std::vector<Setting> table = [] {
    auto all = make_settings();
    for (auto& setting : make_state_settings()) all.push_back(std::move(setting));
    return all;
  }();
  return table;
}

}  // namespace app
