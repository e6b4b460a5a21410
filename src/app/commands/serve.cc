// parlance serve: runs the server until SIGINT or SIGTERM.
#include <signal.h>

#include <cstdio>

#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/server.h"
#include "base/log.h"

namespace app {
namespace {

void greet(const Server& server, bool with_keys) {
  const std::string model = server.example_model();
  fmt::print("\nParlance serves the OpenAI API at {}/v1\n", server.url());
  if (!server.first_key().empty()) {
    fmt::print("\nYour API key (shown this once; make more with `parlance keys create`):\n\n  {}\n",
               server.first_key());
  }
  if (model.empty()) {
    fmt::print("\nThere is no model yet. Add one: parlance add FILE.gguf, or parlance pull URL\n");
  } else {
    const std::string key = server.first_key().empty() ? "$PARLANCE_API_KEY" : server.first_key();
    const std::string authorization =
        with_keys ? fmt::format(" -H \"Authorization: Bearer {}\"", key) : "";
    fmt::print(
        "\nTry it:\n\n  curl -N {}/v1/chat/completions{} -H \"Content-Type: application/json\" \\\n"
        "    -d '{{\"model\": \"{}\", \"stream\": true, \"messages\": [{{\"role\": \"user\", "
        "\"content\": \"Hello!\"}}]}}'\n\n",
        server.url(), authorization, model);
  }
  std::fflush(stdout);
}

}  // namespace

int serve(const Config& config) {
  // Blocked before any thread starts, so that only sigwait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto server = Server::start(config);
  if (!server) return complain(server.error().message);
  greet(**server, !config.server.no_auth);

  int received = 0;
  sigwait(&signals, &received);
  LOG(Info, "stopping: waiting for running requests; a second signal stops at once");
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*server)->stop();
  return 0;
}

}  // namespace app
