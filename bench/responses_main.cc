// bench_responses: stored responses with an instant model: how many are made durable per second,
// how long reading one among many takes, and what a long chain by `previous_response_id` costs in
// time and in tokens read again (with a local model). The server runs on one processor, this
// program on another.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/items/conversation.h"
#include "api/items/stored.h"
#include "api/responses/object.h"
#include "api/responses/records.h"
#include "base/json/value.h"
#include "base/random.h"
#include "base/time.h"
#include "http/client.h"
#include "server_process.h"
#include "store/db/sqlite/sqlite_database.h"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string program = "build/release/parlance", json, model;
  int connections = 64, turns = 50;
  long stored = 100'000;
  double seconds = 10;
};

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
}

http::ClientRequest post(const bench::ServerProcess& server, std::string body) {
  http::ClientRequest request;
  request.method = http::Method::Post;
  request.url = *http::parse_url(server.url() + "/v1/responses");
  request.headers.set("Content-Type", "application/json");
  request.body = std::move(body);
  return request;
}

http::ClientRequest get(const bench::ServerProcess& server, const std::string& path) {
  http::ClientRequest request;
  request.method = http::Method::Get;
  request.url = *http::parse_url(server.url() + "/v1" + path);
  return request;
}

struct Totals {
  long done = 0, failed = 0;
  std::vector<double> ms;
};

base::awaitable<std::string> send(http::Client& client, http::ClientRequest request,
                                  Totals& totals) {
  const auto start = Clock::now();
  auto response = co_await client.send(std::move(request));
  if (response && response->status() == 200) {
    auto body = co_await response->body(64 << 20);
    if (body) {
      ++totals.done;
      totals.ms.push_back(ms_since(start));
      co_return std::move(*body);
    }
  }
  ++totals.failed;
  co_return "";
}

base::awaitable<> create_until(http::Client& client, const bench::ServerProcess& server,
                               Clock::time_point end, Totals& totals) {
  while (Clock::now() < end) {
    auto request = post(server, R"({"model":"m","input":"hi"})");
    co_await send(client, std::move(request), totals);
  }
}

json::Object measure_creates(const bench::ServerProcess& server, const Options& options) {
  base::asio::io_context io;
  http::Client client(io.get_executor(),
                      {.idle_connections_max = static_cast<std::size_t>(options.connections)});
  Totals totals;
  const double cpu = server.cpu_seconds();
  const auto start = Clock::now();
  const auto end = start + std::chrono::milliseconds(static_cast<long>(options.seconds * 1000));
  for (int i = 0; i < options.connections; ++i)
    base::asio::co_spawn(io, create_until(client, server, end, totals), base::asio::detached);
  io.run();
  const double rate = static_cast<double>(totals.done) * 1000 / ms_since(start);
  const double cpu_us =
      (server.cpu_seconds() - cpu) * 1e6 / static_cast<double>(std::max(totals.done, 1L));
  fmt::print(
      "stored responses, {} connections, 5 rows each: {:.0f}/s, {:.0f} us of server CPU each, p50 "
      "{:.1f} ms, p99 {:.1f} ms, {} failures\n",
      options.connections, rate, cpu_us, percentile(totals.ms, 0.5), percentile(totals.ms, 0.99),
      totals.failed);
  return {{"per_second", rate}, {"cpu_us", cpu_us}, {"failures", totals.failed}};
}

base::awaitable<> read_each(http::Client& client, std::vector<http::ClientRequest> requests,
                            Totals& totals) {
  for (auto& request : requests) co_await send(client, std::move(request), totals);
}

json::Object measure_reads(const bench::ServerProcess& server, const char* what,
                           std::vector<http::ClientRequest> requests) {
  base::asio::io_context io;
  http::Client client(io.get_executor());
  Totals totals;
  const double cpu = server.cpu_seconds();
  base::asio::co_spawn(io, read_each(client, std::move(requests), totals), base::asio::detached);
  io.run();
  const double cpu_us =
      (server.cpu_seconds() - cpu) * 1e6 / static_cast<double>(std::max(totals.done, 1L));
  fmt::print("{}: p50 {:.2f} ms, p99 {:.2f} ms, {:.0f} us of server CPU each, {} failures\n", what,
             percentile(totals.ms, 0.5), percentile(totals.ms, 0.99), cpu_us, totals.failed);
  return {{"p50_ms", percentile(totals.ms, 0.5)},
          {"p99_ms", percentile(totals.ms, 0.99)},
          {"cpu_us", cpu_us},
          {"failures", totals.failed}};
}

std::string stored_id(long i) {
  return fmt::format("resp_{:050x}", i);
}

// Writes responses and the items of one conversation as the server would, without a server.
bool fill(const fs::path& data, long n) {
  fs::create_directories(data);
  auto opened = store::open_sqlite({.path = (data / "parlance.db").string()});
  if (!opened) return false;
  auto& database = **opened;
  std::string project;
  auto found = database.read_blocking([&](store::Session& session) {
    return session.query("SELECT id FROM projects", {},
                         [](const store::Row& row) { return row.string(0); });
  });
  if (!found || found->empty()) return false;
  project = found->front();
  api::responses::CreateRequest request;
  request.model = "m";
  constexpr long kPerWrite = 2'000;
  for (long first = 0; first < n; first += kPerWrite) {
    auto written = database.write_blocking([&](store::Transaction& tx) -> Status {
      std::vector<store::Item> rows;
      for (long i = first; i < std::min(n, first + kPerWrite); ++i) {
        const std::string id = stored_id(i);
        api::items::Item in = api::items::user_message("hi"), out = in;
        in["id"] = fmt::format("msg_{:050x}", 2 * i);
        out["id"] = fmt::format("msg_{:050x}", 2 * i + 1);
        const api::responses::records::Record record{
            .response = api::responses::begun_response(
                request, {.id = id, .created_at = 1'700'000'000, .status = "completed"})};
        auto created = api::responses::records::create(tx, {{project}, id}, record,
                                                       {.created_at = 1'700'000'000}, {in}, {out});
        if (!created) return created;
        rows.push_back(api::items::to_row(in, 1'700'000'000));
      }
      return store::items::append(tx, api::items::conversation_items({project}, "conv_bench"),
                                  rows);
    });
    if (!written) {
      fmt::print(stderr, "bench_responses: {}\n", written.error().message);
      return false;
    }
  }
  auto conversation = database.write_blocking([&](store::Transaction& tx) {
    store::Document document{.key = api::items::conversation_key({project}, "conv_bench"),
                             .created_at = 1'700'000'000,
                             .body = R"({"metadata":{}})"};
    return store::documents::create(tx, document);
  });
  return conversation.has_value();
}

struct Chain {
  std::vector<double> ms;
  std::int64_t input = 0, read_again = 0;
  std::int64_t context = 0;  // the last turn's input
};

// Each turn stands on the one before. Tokens of earlier turns that the cache did not have were read
// again.
base::awaitable<> walk(http::Client& client, const bench::ServerProcess& server,
                       const std::string& model, int turns, Chain& chain) {
  std::string previous = "null";
  std::int64_t earlier = 0;
  Totals totals;
  for (int i = 0; i < turns; ++i) {
    auto request = post(
        server, fmt::format(R"({{"model":"{}","input":"Say {} again.","previous_response_id":{},)"
                            R"("max_output_tokens":16,"temperature":0}})",
                            model, i, previous));
    const std::string body = co_await send(client, std::move(request), totals);
    const auto value = json::parse(body);
    if (!value || !value->is_object()) co_return;
    previous = json::dump(value->at("id"));
    const auto& usage = value->at("usage");
    const std::int64_t input = usage.at("input_tokens").as_int64();
    const std::int64_t cached = usage.at("input_tokens_details").at("cached_tokens").as_int64();
    chain.input += input;
    chain.read_again += std::max<std::int64_t>(0, earlier - cached);
    chain.context = input;
    earlier = input + usage.at("output_tokens").as_int64();
  }
  chain.ms = totals.ms;
}

Chain run_chain(const bench::ServerProcess& server, const std::string& model, int turns) {
  base::asio::io_context io;
  http::Client client(io.get_executor());
  Chain chain;
  base::asio::co_spawn(io, walk(client, server, model, turns, chain), base::asio::detached);
  io.run();
  return chain;
}

json::Object measure_chain(const bench::ServerProcess& server, const Options& options) {
  const Chain instant = run_chain(server, "m", options.turns);
  std::vector<http::ClientRequest> plain;
  for (int i = 0; i < options.turns; ++i)
    plain.push_back(post(server, R"({"model":"m","input":"hi","store":false})"));
  const json::Object stateless =
      measure_reads(server, "one response that is not stored", std::move(plain));
  const double added = percentile(instant.ms, 0.5) - stateless.at("p50_ms").as_double();
  fmt::print(
      "a chain of {} turns, instant model: p50 {:.2f} ms, last {:.2f} ms; state adds {:.2f} "
      "ms at p50\n",
      options.turns, percentile(instant.ms, 0.5), instant.ms.empty() ? 0 : instant.ms.back(),
      added);
  json::Object out{{"state_adds_ms_p50", added}};
  if (options.model.empty()) return out;
  const Chain local = run_chain(server, options.model, options.turns);
  const double share = 100.0 * static_cast<double>(local.read_again) /
                       static_cast<double>(std::max<std::int64_t>(local.input, 1));
  fmt::print(
      "the same with {}: {} of {} prompt tokens of earlier turns read again ({:.2f} %), last "
      "prompt {} tokens, p50 {:.1f} ms, {} turns\n",
      options.model, local.read_again, local.input, share, local.context, percentile(local.ms, 0.5),
      local.ms.size());
  out["read_again_percent"] = share;
  return out;
}

json::Object measure_among_many(const bench::ServerProcess& server, const Options& options) {
  base::SeededRandom random(1);
  std::vector<http::ClientRequest> singles, pages;
  const auto any = [&] {
    return static_cast<long>(random.below(static_cast<std::uint64_t>(options.stored)));
  };
  for (int i = 0; i < 2'000; ++i) singles.push_back(get(server, "/responses/" + stored_id(any())));
  for (int i = 0; i < 300; ++i) {
    pages.push_back(
        get(server,
            fmt::format("/conversations/conv_bench/items?limit=100&after=msg_{:050x}", 2 * any())));
  }
  const std::string among = fmt::format("among {}", options.stored);
  json::Object out;
  out["get"] = measure_reads(server, ("a response " + among).c_str(), std::move(singles));
  out["page"] = measure_reads(server, ("a page of 100 items " + among).c_str(), std::move(pages));
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App cli{"Measures stored responses around an instant model."};
  cli.add_option("--program", options.program)->capture_default_str();
  cli.add_option("--json", options.json, "write the figures to this file");
  cli.add_option("--model", options.model, "a local model for the chain");
  cli.add_option("--connections", options.connections)->capture_default_str();
  cli.add_option("--turns", options.turns)->capture_default_str();
  cli.add_option("--stored", options.stored, "responses to read among")->capture_default_str();
  cli.add_option("--seconds", options.seconds)->capture_default_str();
  CLI11_PARSE(cli, argc, argv);
  signal(SIGPIPE, SIG_IGN);

  const fs::path data = fs::temp_directory_path() / fmt::format("bench_responses_{}", getpid());
  const bench::ServerOptions serve{
      .program = options.program,
      .script = R"({"models":[{"id":"m","turns":[{"steps":[{"text":"Hello."}]}]}]})",
      .data = data,
      .processor = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? std::optional(0) : std::nullopt};
  json::Object figures;
  bool ok = true;
  {
    const bench::ServerProcess server(serve);  // makes the database
    ok = !server.url().empty();
  }
  ok = ok && fill(data, options.stored);
  if (serve.processor) bench::stay_on(1);
  if (ok) {
    const bench::ServerProcess server(serve);
    figures["chain"] = measure_chain(server, options);
    figures["among_many"] = measure_among_many(server, options);
    figures["creates"] = measure_creates(server, options);
  }
  fs::remove_all(data);
  if (!ok) fmt::print(stderr, "bench_responses: it could not be set up\n");
  if (!options.json.empty()) std::ofstream(options.json) << json::dump(figures) << "\n";
  return ok ? 0 : 1;
}
