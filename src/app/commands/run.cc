// parlance run: talks to a model in the terminal, streaming.
#include <boost/asio/io_context.hpp>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/local_models.h"
#include "app/model_files.h"

namespace app {
namespace {

using namespace inference;

struct Turn {
  std::string text;
  Usage usage;
  double seconds = 0;  // from the first token on
  std::optional<Error> error;
};

// Prints the answer while it arrives.
base::awaitable<> answer(Backend& backend, GenerateRequest request, Turn& turn) {
  auto started = co_await backend.generate(std::move(request));
  if (!started) {
    turn.error = started.error();
    co_return;
  }
  auto first = std::chrono::steady_clock::time_point();
  while (true) {
    const Event event = co_await (*started)->next();
    if (const auto* piece = std::get_if<TextDelta>(&event)) {
      if (turn.text.empty()) first = std::chrono::steady_clock::now();
      turn.text += piece->text;
      std::fwrite(piece->text.data(), 1, piece->text.size(), stdout);
      std::fflush(stdout);
    }
    if (const auto* failed = std::get_if<Failed>(&event)) {
      turn.error = failed->error;
      co_return;
    }
    if (const auto* finished = std::get_if<Finished>(&event)) {
      turn.usage = finished->usage;
      turn.seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - first).count();
      co_return;
    }
  }
}

Turn ask(Backend& backend, const GenerateRequest& request) {
  Turn turn;
  base::asio::io_context io;
  base::asio::co_spawn(io, answer(backend, request, turn), base::asio::detached);
  io.run();
  if (!turn.error) {
    fmt::print("\n");
    std::fflush(stdout);
    const double rate =
        turn.seconds > 0 ? static_cast<double>(turn.usage.output_tokens - 1) / turn.seconds : 0;
    fmt::print(stderr, "[{} prompt tokens, {} cached; {} tokens at {:.1f} tok/s]\n",
               turn.usage.input_tokens, turn.usage.cached_tokens, turn.usage.output_tokens, rate);
  }
  return turn;
}

}  // namespace

int run(const Config& config, const RunOptions& options) {
  ModelFiles files(config.data, config.models.files, config.models.adapters);
  auto file = options.model.empty() ? files.default_model(config.models.default_model)
                                    : files.find(options.model);
  if (!file) return complain(file.error().message);

  base::SystemClock clock;
  base::SystemRandom random;
  base::IdGenerator ids(clock, random);
  base::Pools pools;
  auto backend = make_local_backend(config, files, pools, ids, clock);
  if (!backend) return complain(backend.error().message);

  GenerateRequest request;
  request.model = file->id;
  request.sampling.temperature = options.temperature;
  request.sampling.tokens_max = options.tokens_max;
  if (!options.system.empty())
    request.messages.push_back(text_message(Role::System, options.system));

  const bool loop = options.prompt.empty();
  if (loop && isatty(STDIN_FILENO))
    fmt::print("Talking to {}. An empty line or Ctrl-D ends.\n", file->id);
  std::string line = options.prompt;
  while (true) {
    if (loop) {
      if (isatty(STDIN_FILENO)) fmt::print("> "), std::fflush(stdout);
      if (!std::getline(std::cin, line) || line.empty()) return 0;
    }
    request.messages.push_back(text_message(Role::User, line));
    Turn turn = ask(**backend, request);
    if (turn.error) return complain(turn.error->message);
    if (!loop) return 0;
    request.messages.push_back(text_message(Role::Assistant, std::move(turn.text)));
  }
}

}  // namespace app
