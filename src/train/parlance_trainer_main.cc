// The trainer's command line: prepare, train, evaluate, ask, export. script/train runs them in
// order.
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "train/data/prepare.h"
#include "train/loop/sample.h"
#include "train/loop/trainer.h"
#include "train/publish/gguf_export.h"

namespace {

using namespace train;

int finish(const Status& status) {
  if (status) return 0;
  std::fprintf(stderr, "parlance_trainer: %s\n", status.error().message.c_str());
  return 1;
}

// The token sets that prepare makes, and their shares of what is learned from.
constexpr const char* kSets[] = {"text", "made", "chat"};

struct TrainOptions {
  std::filesystem::path folder;  // with the token sets; the checkpoint is kept in it too
  Plan plan;
  std::vector<double> shares{1, 0, 0};  // as kSets
  std::size_t held_out_documents = 40;
};

void print_progress(const Plan& plan, const Progress& progress) {
  std::printf(
      "step %lld/%lld loss %.4f grad %.3f rate %.3f tokens %.2fM %.0f tok/s left %.0f min\n",
      static_cast<long long>(progress.step), static_cast<long long>(plan.steps), progress.loss,
      progress.gradient_length, rate_factor(plan, progress.step - 1), double(progress.tokens) / 1e6,
      progress.tokens_per_second, progress.seconds_left / 60);
  std::fflush(stdout);
}

Status train_model(const TrainOptions& options) {
  const auto file = options.folder / "checkpoint";
  const Kernels& kernels = best_kernels();
  std::map<std::string, TokenSet> sets;
  for (const std::string name : kSets) {
    for (const std::string& part : {name, name + "_held"}) {
      auto set = TokenSet::load(options.folder, part);
      if (!set) return fail(set.error());
      sets[part] = std::move(*set);
    }
  }
  std::vector<Share> shares;
  for (std::size_t i = 0; i < std::size(kSets); ++i)
    shares.push_back({&sets[kSets[i]], options.shares[i]});

  Checkpoint checkpoint;
  if (std::filesystem::exists(file)) {
    auto loaded = Checkpoint::load(file);
    if (!loaded) return fail(loaded.error());
    checkpoint = std::move(*loaded);
  } else {
    checkpoint.weights = initial_weights(checkpoint.shape, options.plan.seed);
    checkpoint.average = checkpoint.weights;
  }
  std::printf("%s kernels, %lld parameters, from step %lld\n", kernels.name,
              static_cast<long long>(checkpoint.weights.size()),
              static_cast<long long>(checkpoint.step));
  const auto save = [&](const Checkpoint& state) {
    for (const std::string name : kSets) {
      std::printf("held-out %s loss %.4f\n", name.c_str(),
                  held_out_loss(sets[name + "_held"], options.held_out_documents,
                                options.plan.light_weight, state, kernels));
    }
    return state.save(file);
  };
  return run(
      options.plan, shares, kernels, checkpoint,
      [&](const Progress& progress) { print_progress(options.plan, progress); }, save);
}

// Mean loss per weighted token of each set's held-out documents, at most `documents_max` of each.
Status evaluate(const std::filesystem::path& folder, std::size_t documents_max) {
  const auto checkpoint = Checkpoint::load(folder / "checkpoint");
  if (!checkpoint) return fail(checkpoint.error());
  std::printf("step %lld, %.2f million tokens\n", static_cast<long long>(checkpoint->step),
              double(checkpoint->tokens) / 1e6);
  for (const std::string name : kSets) {
    const auto set = TokenSet::load(folder, name + "_held");
    if (!set) return fail(set.error());
    std::printf(
        "held-out %s loss %.4f\n", name.c_str(),
        held_out_loss(*set, documents_max, Plan{}.light_weight, *checkpoint, best_kernels()));
  }
  return {};
}

struct AskOptions {
  std::filesystem::path folder;
  std::string system;
  std::string text;  // to be continued; when empty, each line of the input is a message
  bool one_conversation = false;
  SampleOptions sample;
};

Status ask(const AskOptions& options) {
  auto vocabulary = Vocabulary::load(options.folder / "vocabulary.txt");
  if (!vocabulary) return fail(vocabulary.error());
  const auto checkpoint = Checkpoint::load(options.folder / "checkpoint");
  if (!checkpoint) return fail(checkpoint.error());
  const Kernels& kernels = best_kernels();
  if (!options.text.empty()) {
    std::printf(
        "%s\n",
        continuation(options.text, *checkpoint, *vocabulary, kernels, options.sample).c_str());
    return {};
  }
  Document conversation;
  const auto start = [&] {
    conversation.messages.clear();
    if (!options.system.empty()) conversation.messages.push_back({"system", options.system});
  };
  start();
  char line[4096];
  while (std::fgets(line, sizeof(line), stdin)) {
    std::string message = line;
    while (!message.empty() && message.back() == '\n') message.pop_back();
    if (!options.one_conversation) start();
    conversation.messages.push_back({"user", message});
    const std::string reply =
        answer(conversation, *checkpoint, *vocabulary, kernels, options.sample);
    std::printf("> %s\n%s\n", message.c_str(), reply.c_str());
    conversation.messages.push_back({"assistant", reply});
  }
  return {};
}

Status export_model(const std::filesystem::path& folder, const std::filesystem::path& file,
                    const ExportOptions& options) {
  const auto vocabulary = Vocabulary::load(folder / "vocabulary.txt");
  if (!vocabulary) return fail(vocabulary.error());
  const auto checkpoint = Checkpoint::load(folder / "checkpoint");
  if (!checkpoint) return fail(checkpoint.error());
  return export_gguf(*checkpoint, *vocabulary, options, file);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Trains Parlance's built-in model."};
  app.require_subcommand(1);

  train::PrepareOptions prepare_options;
  auto* prepare = app.add_subcommand("prepare", "make token sets from a data folder");
  prepare->add_option("data", prepare_options.data)->required();
  prepare->add_option("talk", prepare_options.talk)->required();
  prepare->add_option("out", prepare_options.out)->required();
  prepare->add_option("--seed", prepare_options.seed);

  TrainOptions train_options;
  Plan& plan = train_options.plan;
  auto* train = app.add_subcommand("train", "train, or go on training");
  train->add_option("folder", train_options.folder)->required();
  train->add_option("--steps", plan.steps);
  train->add_option("--decay-steps", plan.decay_steps);
  train->add_option("--warmup-steps", plan.warmup_steps);
  train->add_option("--tokens-per-step", plan.tokens_per_step);
  train->add_option("--threads", plan.threads)->check(CLI::Range(1, 2));
  train->add_option("--rate", plan.rates.matrices);
  train->add_option("--rate-others", plan.rates.others);
  train->add_option("--save-every", plan.save_every);
  train->add_option("--seed", plan.seed);
  train->add_option("--shares", train_options.shares, "of text, made, chat")->expected(3);
  train->add_option("--held-out-documents", train_options.held_out_documents);

  std::filesystem::path evaluate_folder;
  std::size_t evaluate_documents = 200;
  auto* evaluating = app.add_subcommand("evaluate", "the loss on what was held out");
  evaluating->add_option("folder", evaluate_folder)->required();
  evaluating->add_option("--documents", evaluate_documents);

  AskOptions ask_options;
  auto* asking = app.add_subcommand("ask", "answer the messages on standard input");
  asking->add_option("folder", ask_options.folder)->required();
  asking->add_option("--system", ask_options.system);
  asking->add_option("--continue", ask_options.text);
  asking->add_flag("--conversation", ask_options.one_conversation);
  asking->add_option("--temperature", ask_options.sample.temperature);
  asking->add_option("--tokens-max", ask_options.sample.tokens_max);
  asking->add_option("--seed", ask_options.sample.seed);

  std::filesystem::path export_folder;
  std::filesystem::path export_file;
  ExportOptions export_options;
  auto* exporting = app.add_subcommand("export", "write the model as a GGUF file");
  exporting->add_option("folder", export_folder)->required();
  exporting->add_option("file", export_file)->required();
  exporting->add_option("--name", export_options.name);
  exporting->add_option("--description", export_options.description);

  CLI11_PARSE(app, argc, argv);
  if (*prepare) return finish(train::prepare(prepare_options));
  if (*train) return finish(train_model(train_options));
  if (*evaluating) return finish(evaluate(evaluate_folder, evaluate_documents));
  if (*exporting) return finish(export_model(export_folder, export_file, export_options));
  return finish(ask(ask_options));
}
