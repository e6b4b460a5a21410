// The command line. Each command is a function in commands/.
#include <CLI/CLI.hpp>

#include <filesystem>

#include "app/commands/commands.h"
#include "app/config.h"
#include "base/log.h"
#include "base/version.h"

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

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli{
      "Parlance: the whole OpenAI API on your own machine.\n\n"
      "  parlance serve                      serve the API at http://127.0.0.1:8080/v1\n"
      "  parlance run MODEL \"Hello\"          talk to a model in the terminal\n"
      "  parlance add FILE.gguf              add a model; `parlance pull URL` downloads one\n"
      "  parlance keys create                make an API key\n"};
  cli.require_subcommand(1);
  cli.fallthrough();

  Sources sources;
  cli.add_option("--config", sources.file,
                 "configuration file (default: ./parlance.toml if there is one)");
  cli.add_option("--data", sources.data, "directory of all state");
  cli.add_option("--set", sources.assignments,
                 "any setting: --set engine.threads=2 (`parlance config` lists them)");
  cli.add_option("--model", sources.models, "a GGUF file to serve; may be repeated");

  app::Config config;
  int status = 0;
  // Runs a command with the configuration, or complains about the latter.
  const auto with_config = [&](auto command) {
    return [&, command] {
      auto configured = configure(sources, config);
      status = configured ? command() : app::complain(configured.error().message);
    };
  };

  auto* serve = cli.add_subcommand("serve", "serve the API");
  serve->add_option("--host", sources.host, "address to listen on");
  serve->add_option("--port", sources.port, "port to listen on; 0 takes any free one")
      ->check(CLI::Range(0, 65535));
  serve->add_option("--script", sources.script,
                    "play a JSON script instead of a model (`instant` for a fixed answer)");
  serve->add_flag("--no-auth", sources.no_auth, "ask for no keys; on loopback only");
  serve->callback(with_config([&] { return app::serve(config); }));

  cli.add_subcommand("models", "list the models on this machine")->callback(with_config([&] {
    return app::list_models(config);
  }));

  app::AddOptions add_options;
  auto* add = cli.add_subcommand("add", "add a GGUF file as a model");
  add->add_option("FILE", add_options.path, "the GGUF file; of a split model any part")->required();
  add->add_option("--name", add_options.id, "the model's name (default: the file's)");
  add->add_flag("--link", add_options.link, "link to the file instead of copying it");
  add->callback(with_config([&] { return app::add_model(config, add_options); }));

  std::string removed;
  auto* remove = cli.add_subcommand("remove", "remove an added model");
  remove->add_option("MODEL", removed)->required();
  remove->callback(with_config([&] { return app::remove_model(config, removed); }));

  auto* keys = cli.add_subcommand("keys", "make, list and revoke API keys");
  keys->require_subcommand(1);
  app::KeyOptions key_options;
  auto* create = keys->add_subcommand("create", "make a key; it is shown once");
  create->add_option("--project", key_options.project, "its project; made if absent")
      ->capture_default_str();
  create->add_flag("--admin", key_options.admin, "a key for administration instead of a project's");
  create->callback(with_config([&] { return app::create_key(config, key_options); }));
  keys->add_subcommand("list", "list the keys, masked")->callback(with_config([&] {
    return app::list_keys(config);
  }));
  std::string revoked;
  auto* revoke = keys->add_subcommand("revoke", "revoke a key at once");
  revoke->add_option("ID", revoked, "as `keys list` shows it")->required();
  revoke->callback(with_config([&] { return app::revoke_key(config, revoked); }));

  cli.add_subcommand("config", "print every setting with its default and meaning")->callback([] {
    std::fputs(app::config_reference().c_str(), stdout);
  });
  cli.add_subcommand("version", "print the version")->callback([] {
    std::printf("parlance %s\n", base::kVersion);
  });

  CLI11_PARSE(cli, argc, argv);
  return status;
}
