// The command line. Each command is a function in commands/.
#include <CLI/CLI.hpp>

#include <filesystem>

#include "app/commands/commands.h"
#include "app/config.h"
#include "base/log.h"
#include "base/version.h"
#include "documents/child.h"

namespace {

// Where settings come from, besides the environment.
struct Sources {
  std::string file;
  std::string data, host, script;
  std::vector<std::string> models;
  int port = -1;
  bool no_auth = false;
  std::vector<std::string> assignments;
};

Status configure(const Sources& sources, app::Config& config) {
  config = app::default_config();
  std::string file = sources.file;
  if (file.empty() && std::filesystem::exists("parlance.toml")) file = "parlance.toml";
  if (!file.empty()) {
    if (auto status = app::apply_file(config, file); !status) return status;
  }
  if (auto status = app::apply_environment(config); !status) return status;
  for (const auto& assignment : sources.assignments) {
    if (auto status = app::apply_assignment(config, assignment); !status) return status;
  }
  if (!sources.data.empty()) config.data = sources.data;
  if (!sources.host.empty()) config.server.host = sources.host;
  if (sources.port >= 0) config.server.port = sources.port;
  if (sources.no_auth) config.server.no_auth = true;
  if (!sources.script.empty()) config.script = sources.script;
  config.models.files.insert(config.models.files.begin(), sources.models.begin(),
                             sources.models.end());

  if (config.log_level == "debug") logging::set_level(logging::Level::Debug);
  if (config.log_level == "warning") logging::set_level(logging::Level::Warning);
  if (config.log_level == "error") logging::set_level(logging::Level::Error);
  return {};
}

// Registers the commands; each remembers its options and runs with the configuration.
class CommandLine {
 public:
  CommandLine();
  int parse(int argc, char** argv) {
    CLI11_PARSE(cli_, argc, argv);
    return status_;
  }

 private:
  // Runs a command with the configuration, or complains about the latter.
  template <class Command>
  void on(CLI::App* app, Command command) {
    app->callback([this, command] {
      auto configured = configure(sources_, config_);
      status_ = configured ? command() : app::complain(configured.error().message);
    });
  }
  void add_serve();
  void add_run();
  void add_models();
  void add_keys();
  void add_webhooks();
  void add_bench();
  void add_quantize();
  void add_facts();

  CLI::App cli_{
      "Parlance: the whole OpenAI API on your own machine.\n\n"
      "  parlance serve                      serve the API at http://127.0.0.1:8080/v1\n"
      "  parlance run MODEL \"Hello\"          talk to a model in the terminal\n"
      "  parlance add FILE.gguf              add a model; `parlance pull URL` downloads one\n"
      "  parlance keys create                make an API key\n"};
  Sources sources_;
  app::Config config_;
  app::RunOptions run_;
  app::AddOptions add_;
  app::PullOptions pull_;
  app::KeyOptions key_;
  app::QuantizeOptions quantize_;
  app::WebhookOptions webhook_;
  app::BenchOptions bench_;
  std::string name_;  // of the model, key or webhook that a command is about
  int status_ = 0;
};

CommandLine::CommandLine() {
  cli_.require_subcommand(1);
  cli_.fallthrough();
  cli_.add_option("--config", sources_.file,
                  "configuration file (default: ./parlance.toml if there is one)");
  cli_.add_option("--data", sources_.data, "directory of all state");
  cli_.add_option("--set", sources_.assignments,
                  "any setting: --set engine.threads=2 (`parlance config` lists them)");
  cli_.add_option("--model", sources_.models, "a GGUF file to serve; may be repeated");
  add_serve();
  add_run();
  add_models();
  add_keys();
  add_webhooks();
  add_bench();
  add_quantize();
  add_facts();
}

void CommandLine::add_serve() {
  auto* serve = cli_.add_subcommand("serve", "serve the API");
  serve->add_option("--host", sources_.host, "address to listen on");
  serve->add_option("--port", sources_.port, "port to listen on; 0 takes any free one")
      ->check(CLI::Range(0, 65535));
  serve->add_option("--script", sources_.script,
                    "play a JSON script instead of a model (`instant` for a fixed answer)");
  serve->add_flag("--no-auth", sources_.no_auth, "ask for no keys; on loopback only");
  on(serve, [this] { return app::serve(config_); });
}

void CommandLine::add_run() {
  auto* run = cli_.add_subcommand("run", "talk to a model in the terminal");
  run->add_option("MODEL", run_.model, "as `parlance models` shows it (default: the built-in one)");
  run->add_option("PROMPT", run_.prompt, "what to say; without it, a conversation");
  run->add_option("--system", run_.system, "instructions for the model");
  run->add_option("--temperature", run_.temperature)
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  run->add_option("--max-tokens", run_.tokens_max)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  on(run, [this] { return app::run(config_, run_); });
}

void CommandLine::add_models() {
  on(cli_.add_subcommand("models", "list the models on this machine"),
     [this] { return app::list_models(config_); });

  auto* add = cli_.add_subcommand("add", "add a GGUF file as a model");
  add->add_option(
         "FILE", add_.path,
         "the GGUF file, of a split model its first part; with --lora: a model that is here")
      ->required();
  add->add_option("--lora", add_.lora, "a GGUF LoRA adapter for that model, served beside it");
  add->add_option("--name", add_.id, "the model's name (default: the file's)");
  add->add_flag("--link", add_.link, "link to the file instead of copying it");
  on(add, [this] { return app::add_model(config_, add_); });

  auto* pull = cli_.add_subcommand("pull", "download a model; goes on where an earlier try ended");
  pull->add_option("SOURCE", pull_.source, "a URL, or OWNER/REPOSITORY/FILE.gguf on the hub")
      ->required();
  pull->add_option("--name", pull_.id, "the model's name (default: the file's)");
  pull->add_option("--sha256", pull_.sha256, "what the file must hash to");
  pull->add_option("--token", pull_.token, "access token, sent to the first host only")
      ->envname("HF_TOKEN");
  on(pull, [this] { return app::pull_model(config_, pull_); });

  auto* remove = cli_.add_subcommand("remove", "remove an added model");
  remove->add_option("MODEL", name_)->required();
  on(remove, [this] { return app::remove_model(config_, name_); });
}

void CommandLine::add_keys() {
  auto* keys = cli_.add_subcommand("keys", "make, list and revoke API keys");
  keys->require_subcommand(1);
  auto* create = keys->add_subcommand("create", "make a key; it is shown once");
  create->add_option("--project", key_.project, "its project; made if absent")
      ->capture_default_str();
  create->add_flag("--admin", key_.admin, "a key for administration instead of a project's");
  on(create, [this] { return app::create_key(config_, key_); });
  on(keys->add_subcommand("list", "list the keys, masked"),
     [this] { return app::list_keys(config_); });
  auto* revoke = keys->add_subcommand("revoke", "revoke a key at once");
  revoke->add_option("ID", name_, "as `keys list` shows it")->required();
  on(revoke, [this] { return app::revoke_key(config_, name_); });
}

void CommandLine::add_webhooks() {
  auto* webhooks = cli_.add_subcommand("webhooks", "tell other servers what ended");
  webhooks->require_subcommand(1);
  auto* add = webhooks->add_subcommand("add", "add an endpoint; its secret is shown once");
  add->add_option("URL", webhook_.url, "where events are sent by POST")->required();
  add->add_option("--project", webhook_.project, "whose events")->capture_default_str();
  add->add_option("--events", webhook_.events, "such as batch.completed (default: all)")
      ->delimiter(',');
  on(add, [this] { return app::add_webhook(config_, webhook_); });
  on(webhooks->add_subcommand("list", "list the endpoints"),
     [this] { return app::list_webhooks(config_); });
  auto* remove = webhooks->add_subcommand("remove", "remove an endpoint");
  remove->add_option("ID", name_, "as `webhooks list` shows it")->required();
  on(remove, [this] { return app::remove_webhook(config_, name_); });
}

void CommandLine::add_bench() {
  auto* bench = cli_.add_subcommand("bench", "measure a model's speed on this machine");
  bench->add_option("MODEL", bench_.model,
                    "as `parlance models` shows it (default: the built-in one)");
  bench->add_option("--prompt-tokens", bench_.prompt_tokens)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  bench->add_option("--generate-tokens", bench_.generated_tokens)
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
  bench->add_option("--repetitions", bench_.repetitions)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  on(bench, [this] { return app::bench(config_, bench_); });
}

void CommandLine::add_quantize() {
  auto* quantize = cli_.add_subcommand("quantize", "write a model in another weight type");
  quantize->add_option("IN", quantize_.input, "a GGUF file; of a split model its first part")
      ->required();
  quantize->add_option("OUT", quantize_.output, "the file to write; one there is replaced")
      ->required();
  quantize
      ->add_option("TYPE", quantize_.type,
                   "F16, BF16, Q8_0, Q4_0, Q4_K_S, Q4_K_M, Q5_K_S, Q5_K_M or Q6_K")
      ->required();
  on(quantize, [this] { return app::quantize(quantize_); });
}

void CommandLine::add_facts() {
  cli_.add_subcommand("config", "print every setting with its default and meaning")->callback([] {
    std::fputs(app::config_reference().c_str(), stdout);
  });
  cli_.add_subcommand("version", "print the version")->callback([] {
    std::printf("parlance %s\n", base::kVersion);
  });
}

}  // namespace

int main(int argc, char** argv) {
  // Before anything else: this process is to hold nothing but one document.
  if (argc > 1 && std::string_view(argv[1]) == documents::kChildCommand) {
    documents::run_child({.name = argc > 2 ? argv[2] : "", .media_type = argc > 3 ? argv[3] : ""});
  }
  return CommandLine().parse(argc, argv);
}
