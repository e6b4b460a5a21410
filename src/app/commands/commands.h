// The commands of the program: one function each, in a file of its name. They print for people and
// return the exit status.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace app {

int serve(const Config& config);

struct RunOptions {
  std::string model;   // empty: the default one
  std::string prompt;  // empty: ask in a loop
  std::string system;
  double temperature = 0.7;
  int tokens_max = 512;
};
int run(const Config& config, const RunOptions& options);

int list_models(const Config& config);

struct AddOptions {
  std::string path, id;  // with `lora`: path is the id of its base model
  std::string lora;      // an adapter's file
  bool link = false;
};
int add_model(const Config& config, const AddOptions& options);
int remove_model(const Config& config, const std::string& id);

struct PullOptions {
  std::string source;  // a URL, or OWNER/REPOSITORY/FILE.gguf on the hub
  std::string id;
  std::string sha256;  // expected; empty: what the server says, if it says
  std::string token;   // sent as a Bearer token to the first host only
};
int pull_model(const Config& config, const PullOptions& options);

struct KeyOptions {
  std::string project = "default";
  bool admin = false;
};
int create_key(const Config& config, const KeyOptions& options);
int list_keys(const Config& config);
int revoke_key(const Config& config, const std::string& id);

struct WebhookOptions {
  std::string url;
  std::string project = "default";
  std::vector<std::string> events;  // empty: all
};
int add_webhook(const Config& config, const WebhookOptions& options);
int list_webhooks(const Config& config);
int remove_webhook(const Config& config, const std::string& id);

struct QuantizeOptions {
  std::string input, output, type;
};
int quantize(const QuantizeOptions& options);

struct BenchOptions {
  std::string model;
  int prompt_tokens = 512, generated_tokens = 64, repetitions = 3;
};
int bench(const Config& config, const BenchOptions& options);

// Prints "parlance: MESSAGE" on standard error; returns 1.
int complain(const std::string& message);

}  // namespace app
