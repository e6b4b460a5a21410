// The command line of the embedding model's trainer: prepare, train, evaluate.
// script/train-embedding runs them.
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "train/embedding/loop.h"

int main(int argc, char** argv) {
  CLI::App app{"Trains Parlance's built-in embedding model."};
  app.require_subcommand(1);

  train::embedding::EmbeddingPlan plan;
  auto* preparing = app.add_subcommand("prepare", "vocabulary and token sets from a data folder");
  preparing->add_option("data", plan.data)->required();
  preparing->add_option("out", plan.out)->required();
  preparing->add_option("--vocabulary", plan.vocabulary)->check(CLI::Range(1'000, 32'768));

  auto* training = app.add_subcommand("train", "from what is prepared to a model");
  training->add_option("data", plan.data)->required();
  training->add_option("out", plan.out)->required();
  training->add_option("--file", plan.file, "name of the model's file");
  training->add_option("--width", plan.width)->check(CLI::Range(128, 1'024));
  training->add_option("--steps", plan.steps);
  training->add_option("--rate", plan.rate);
  training->add_option("--logit-scale", plan.logit_scale);
  training->add_option("--pairs-per-step", plan.draw.pairs);
  training->add_option("--dropout", plan.draw.dropout);
  training->add_option("--seed", plan.seed);

  std::filesystem::path data, file;
  auto* evaluating = app.add_subcommand("evaluate", "the figures of the model card");
  evaluating->add_option("data", data)->required();
  evaluating->add_option("file", file)->required();

  CLI11_PARSE(app, argc, argv);
  using namespace train::embedding;
  const auto status = *preparing  ? prepare_embedding(plan)
                      : *training ? train_embedding(plan)
                                  : evaluate_embedding(data, file);
  if (status) return 0;
  std::fprintf(stderr, "parlance_embedding_trainer: %s\n", status.error().message.c_str());
  return 1;
}
