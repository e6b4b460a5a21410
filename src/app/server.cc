#include "app/server.h"

#include <boost/asio/use_future.hpp>

#include <cstdlib>
#include <fstream>
#include <future>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "api/common/error_renderer.h"
#include "app/families.h"
#include "app/health.h"
#include "app/local_models.h"
#include "app/model_files.h"
#include "app/remove_files.h"
#include "app/sealing_key.h"
#include "app/storage.h"
#include "app/sweeper.h"
#include "base/log.h"
#include "blob/local_store.h"
#include "gateway/access.h"
#include "gateway/authenticator.h"
#include "http/cors.h"
#include "http/io_threads.h"
#include "http/server.h"
#include "http/standard_headers.h"
#include "inference/scripted/backend.h"
#include "jobs/blob_sweep.h"
#include "jobs/doorbell.h"

namespace app {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? std::optional<std::string>(value) : std::nullopt;
}

Result<inference::scripted::Script> load_script(const std::string& source) {
  if (source == "instant")
    return inference::scripted::fixed_script("instant", "Hello! How can I help you today?");
  std::ifstream file(source);
  if (!file) return fail(ErrorCode::NotFound, fmt::format("the script {} cannot be read", source));
  std::ostringstream text;
  text << file.rdbuf();
  auto value = json::parse(text.str());
  if (!value) return fail(value.error());
  return inference::scripted::parse_script(*value);
}

Retention retention_of(const Config& config) {
  constexpr std::int64_t kDay = 24 * 3600;
  return {.chats_seconds = config.retention.chats_days * kDay,
          .responses_seconds = config.retention.responses_days * kDay};
}

}  // namespace

// Members in the order in which they are built; destroyed in reverse.
struct Server::State {
  Config config;
  base::SystemClock clock;
  base::SystemRandom random;
  base::IdGenerator ids{clock, random};
  base::Metrics metrics;
  base::Pools pools;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<blob::BlobStore> blobs;
  api::items::SealingKey sealing_key{};
  ModelFiles files;
  inference::Activity activity{};
  gateway::Backends backends;
  inference::Ranker* ranker = nullptr;  // one of the backends
  std::unique_ptr<RemoveFiles> remover;
  http::Router router;
  Health health{metrics};
  jobs::Doorbell doorbell;
  std::unique_ptr<http::IoThreads> io;
  std::unique_ptr<Families> families;
  std::unique_ptr<Sweeper> sweeper;
  std::unique_ptr<jobs::Worker> worker;
  std::unique_ptr<http::Server> server;
  std::string first_key;

  explicit State(const Config& given)
      : config(given), files(given.data, given.models.files, given.models.adapters) {}

  Status check_exposure();
  Status open_storage();
  Status open_backends();
  Status add_routes();
  Status start_jobs();
  Status start_sweeper();
  Status listen();
};

// Refuses what would leave the server open to others.
Status Server::State::check_exposure() {
  if (config.server.no_auth && !is_loopback(config.server.host)) {
    return fail(
        ErrorCode::InvalidRequest,
        fmt::format(
            "without keys the server listens on loopback only, not on {}. Remove --no-auth or use "
            "--host 127.0.0.1.",
            config.server.host));
  }
  if (config.server.tls_certificate.empty() != config.server.tls_key.empty()) {
    return fail(ErrorCode::InvalidRequest, "server.tls_certificate and server.tls_key go together");
  }
  return {};
}

Status Server::State::open_storage() {
  auto opened = app::open_storage({.data = config.data});
  if (!opened) return fail(opened.error());
  database = std::move(*opened);
  auto contents = blob::open_local(config.data + "/blobs", random);
  if (!contents) return fail(contents.error());
  blobs = std::move(*contents);
  // Nothing is written yet, so contents without a row are what a crash left.
  if (auto swept = jobs::sweep_orphan_blobs(*database, *blobs); !swept) return fail(swept.error());

  auto key = load_sealing_key(config.data + "/sealing.key", random);
  if (!key) return fail(key.error());
  sealing_key = *key;

  gateway::Access access(*database, ids, clock);
  if (auto status = access.ensure_defaults(); !status) return status;
  if (const auto secret = environment("PARLANCE_BOOTSTRAP_KEY")) {
    auto made = access.create_key({.project = "default", .admin = false, .secret = *secret});
    if (!made) return fail(made.error());
  }
  if (const auto secret = environment("PARLANCE_BOOTSTRAP_ADMIN_KEY")) {
    auto made = access.create_key({.project = "default", .admin = true, .secret = *secret});
    if (!made) return fail(made.error());
  }
  if (!config.server.no_auth && !access.has_keys()) {
    auto made = access.create_key({});
    if (!made) return fail(made.error());
    first_key = made->secret;
  }
  return {};
}

Status Server::State::open_backends() {
  if (!config.script.empty()) {
    auto script = load_script(config.script);
    if (!script) return fail(script.error());
    backends.add(std::make_unique<inference::scripted::ScriptedBackend>(std::move(*script), ids,
                                                                        clock.unix_seconds()));
  }
  auto local = make_local_backend(config, files, pools, ids, clock, &activity);
  if (!local) return fail(local.error());
  remover = std::make_unique<RemoveFiles>(files, **local, pools);
  ranker = local->get();
  backends.add(std::move(*local));
  for (const auto& alias : config.models.aliases) {
    const auto pair = parse_model_pair("models.aliases", alias);
    if (!pair) return fail(pair.error());
    backends.add_alias(pair->name, pair->model);
  }
  return {};
}

Status Server::State::add_routes() {
  std::optional<gateway::Caller> anonymous;
  if (config.server.no_auth) {
    gateway::Access access(*database, ids, clock);
    auto caller = access.default_caller();
    if (!caller) return fail(caller.error());
    anonymous = *caller;
  }
  router.set_error_renderer(api::error_renderer());
  router.use(std::make_unique<http::StandardHeaders>());
  http::CorsOptions cors{.any_origin = !config.server.no_auth,
                         .origins = config.server.cors_origins};
  for (const auto& origin : cors.origins) cors.any_origin |= origin == "*";
  router.use(std::make_unique<http::Cors>(std::move(cors)));
  if (is_loopback(config.server.host))
    router.use(std::make_unique<http::HostCheck>(config.server.allowed_hosts));
  router.use(std::make_unique<gateway::Authenticator>(
      *database, pools, clock, gateway::Authenticator::Options{.anonymous = anonymous}));
  health.add_to(router);
  io = std::make_unique<http::IoThreads>(static_cast<std::size_t>(config.server.io_threads));
  families = std::make_unique<Families>(Parts{.config = config,
                                              .database = *database,
                                              .blobs = *blobs,
                                              .pools = pools,
                                              .backends = backends,
                                              .activity = activity,
                                              .ranker = *ranker,
                                              .ids = ids,
                                              .clock = clock,
                                              .metrics = metrics,
                                              .doorbell = doorbell,
                                              .model_remover = *remover,
                                              .router = router,
                                              .retention = retention_of(config),
                                              .sealing_key = sealing_key,
                                              .executor = io->executor()});
  return {};
}

Status Server::State::start_sweeper() {
  sweeper = std::make_unique<Sweeper>(*database, *blobs, clock, families->expiring_kinds(),
                                      std::chrono::seconds(config.retention.sweep_seconds));
  return {};
}

// Before the port is open, so that what a crash left is taken back before anyone asks for it.
Status Server::State::start_jobs() {
  worker = std::make_unique<jobs::Worker>(jobs::WorkerOptions{.handlers = families->job_handlers(),
                                                              .jobs_max = limits::jobs_at_once_max},
                                          *database, clock, random, io->executor());
  doorbell.connect(worker.get());
  return boost::asio::co_spawn(io->executor(), worker->start(), boost::asio::use_future).get();
}

Status Server::State::listen() {
  http::ServerOptions options;
  options.address = config.server.host == "localhost" ? "127.0.0.1" : config.server.host;
  options.port = static_cast<std::uint16_t>(config.server.port);
  if (!config.server.tls_certificate.empty()) {
    options.tls = http::TlsOptions{.certificate_chain_path = config.server.tls_certificate,
                                   .private_key_path = config.server.tls_key};
  }
  options.observer = [this](const http::RequestRecord& record) { health.observe(record); };
  server = std::make_unique<http::Server>(io->executor(), router, random, std::move(options));
  auto started = server->start();
  if (!started) return started;
  health.set_ready(true);
  return {};
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  stop();
}

Result<std::unique_ptr<Server>> Server::start(const Config& config) {
  // Destroyed, it takes down what had been started when a step fails.
  std::unique_ptr<Server> server(new Server(std::make_unique<State>(config)));
  for (const auto step :
       {&State::check_exposure, &State::open_storage, &State::open_backends, &State::add_routes,
        &State::start_jobs, &State::start_sweeper, &State::listen}) {
    if (auto status = (*server->state_.*step)(); !status) return fail(status.error());
  }
  return server;
}

std::string Server::url() const {
  const Config& config = state_->config;
  const std::string host = config.server.host.find(':') != std::string::npos
                               ? "[" + config.server.host + "]"
                               : config.server.host;
  return fmt::format("{}://{}:{}", config.server.tls_certificate.empty() ? "http" : "https", host,
                     state_->server->port());
}

const std::string& Server::first_key() const {
  return state_->first_key;
}

std::string Server::example_model() const {
  if (!state_->config.script.empty()) return state_->backends.models().front().id;
  const auto model = state_->files.default_model(state_->config.models.default_model);
  return model ? model->id : "";
}

void Server::stop() {
  if (!state_->io) return;
  const auto finish = [this](base::awaitable<> task) {
    boost::asio::co_spawn(state_->io->executor(), std::move(task), boost::asio::use_future).get();
  };
  state_->health.set_ready(false);
  if (state_->server) finish(state_->server->stop());
  if (state_->worker) finish(state_->worker->stop());
  state_->doorbell.connect(nullptr);
  state_->io->stop();
  state_->sweeper.reset();  // it removes with the families' help
  state_->server.reset();
  state_->worker.reset();
  state_->families.reset();
  state_->io.reset();
}

}  // namespace app
