// Everything that can be set, with its default. Sources, later ones win: defaults, the file
// (parlance.toml), the environment (PARLANCE_SERVER_PORT for server.port), the command line.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace app {

struct ServerConfig {
  std::string host = "127.0.0.1";
  std::int64_t port = 8080;
  std::string tls_certificate;  // PEM file; with tls_key turns TLS on
  std::string tls_key;
  std::int64_t io_threads = 1;
  bool no_auth = false;                    // no keys asked for; only on loopback
  std::vector<std::string> allowed_hosts;  // further names for the Host header on loopback
  std::vector<std::string> cors_origins;   // "*" for all
};

struct EngineConfig {
  std::int64_t threads = 0;         // 0: one per core
  std::int64_t context_tokens = 0;  // 0: as trained, or what memory allows
  std::int64_t memory_mb_max = 0;   // 0: what the machine has free
  std::int64_t sequences_max = 32;
  std::string kv_type = "auto";
  std::int64_t resident_models_max = 2;  // further ones push out the least recently used
};

struct ModelsConfig {
  std::string default_model;                       // id; empty: the built-in one
  std::string embedding_model = "parlance-embed";  // of new vector stores
  std::string reranker;                            // of searches; empty: none
  std::vector<std::string> aliases;                // NAME=ID: further names of a model
  std::vector<std::string> files;                  // further GGUF files to serve
  std::vector<std::string> adapters;               // NAME@BASE=PATH
  std::vector<std::string> limits;                 // NAME.SETTING=VALUE, see model_engine_config
  std::vector<std::string> drafts;                 // NAME=ID: the model ID guesses ahead for NAME
  bool truncate =
      false;  // drop the earliest messages of a chat that does not fit, instead of an error
};

// How long what says nothing about its end is kept, 0 for ever; and how often that is looked at.
struct RetentionConfig {
  std::int64_t responses_days = 30;
  std::int64_t chats_days = 30;
  std::int64_t sweep_seconds = 60;
};

struct BatchesConfig {
  std::int64_t window_seconds = 24 * 3'600;  // then what is left of a batch expires
};

struct FetchConfig {
  bool allow_private = false;  // files that requests name by URL, likewise
};

struct WebhooksConfig {
  bool allow_private = false;  // also to loopback and private networks
};

struct Config {
  std::string data;  // directory of all state
  ServerConfig server;
  EngineConfig engine;
  ModelsConfig models;
  RetentionConfig retention;
  BatchesConfig batches;
  WebhooksConfig webhooks;
  FetchConfig fetch;
  std::string script;  // a JSON script for the scripted backend; "instant" for one that always says
                       // the same
  std::string log_level = "info";
};

// One line per setting: its dotted name, what it means, how to set it from text and how to show it.
struct Setting {
  std::string_view name;
  std::string_view meaning;
  std::function<Status(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> show;
};
std::span<const Setting> settings();

Config default_config();
// Errors name the file, the key and what is wrong with the value; an unknown key is an error.
Status apply_file(Config& config, const std::string& path);
Status apply_environment(Config& config);
// "server.port=9000"
Status apply_assignment(Config& config, std::string_view assignment);
// A parlance.toml with every setting at its default, each with its meaning.
std::string config_reference();

}  // namespace app
