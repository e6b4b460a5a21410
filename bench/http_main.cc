// bench_http: what everything around a model costs, with an instant model: requests per second, CPU
// per request, many streams at once with every event counted, memory. Starts
// `build/release/parlance serve` as a child.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/async.h"
#include "base/json/value.h"
#include "http/client.h"
#include "http/sse_reader.h"
#include "server_process.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEventsPerStream = 50;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string script() {
  return fmt::format(
      R"({{"models":[{{"id":"m","turns":[
          {{"when":{{"user":"stream"}},"steps":[{{"text":"word ","repeat":{}}}]}},
          {{"when":{{"user":"idle"}},"steps":[{{"text":"a"}},{{"delay_ms":60000,"text":"b"}}]}},
          {{"steps":[{{"text":"Hello."}}]}}]}}]}})",
      kEventsPerStream);
}

http::ClientRequest chat(const bench::ServerProcess& server, const char* content, bool stream) {
  http::ClientRequest request;
  request.method = http::Method::Post;
  request.url = *http::parse_url(server.url() + "/v1/chat/completions");
  request.headers.set("Content-Type", "application/json");
  request.body =
      fmt::format(R"({{"model":"m","stream":{},"messages":[{{"role":"user","content":"{}"}}]}})",
                  stream, content);
  return request;
}

struct Totals {
  long requests = 0, events = 0, failures = 0;
};

base::awaitable<> ask_until(http::Client& client, const bench::ServerProcess& server,
                            Clock::time_point end, Totals& totals) {
  while (Clock::now() < end) {
    auto response = co_await client.send(chat(server, "hi", false));
    if (!response || response->status() != 200) {
      ++totals.failures;
      continue;
    }
    auto body = co_await response->body(1 << 20);
    ++(body ? totals.requests : totals.failures);
  }
}

// Reads one stream to its end, or to its first event when `hold` is given, which keeps it open
// until then.
base::awaitable<> stream(http::Client& client, const bench::ServerProcess& server,
                         const char* content, Clock::time_point hold, Totals& totals) {
  auto response = co_await client.send(chat(server, content, true));
  if (!response || response->status() != 200) {
    ++totals.failures;
    co_return;
  }
  http::SseReader reader;
  std::vector<http::SseEvent> events;
  std::string piece(16 * 1024, '\0');
  while (true) {
    auto n = co_await response->read_some(piece);
    if (!n || *n == 0) break;
    if (!reader.feed(std::string_view(piece).substr(0, *n), events)) break;
    if (hold > Clock::now() && !events.empty()) {
      co_await base::sleep_for(hold - Clock::now());
      break;
    }
  }
  ++totals.requests;
  totals.events += static_cast<long>(events.size());
}

struct Options {
  std::string program = "build/release/parlance", json;
  int connections = 64, streams = 1000;
  double seconds = 5;
};

json::Object measure_requests(const bench::ServerProcess& server, const Options& options) {
  base::asio::io_context io;
  http::Client client(io.get_executor(),
                      {.idle_connections_max = static_cast<std::size_t>(options.connections)});
  Totals totals;
  const double cpu = server.cpu_seconds();
  const auto start = Clock::now();
  const auto end = start + std::chrono::milliseconds(static_cast<long>(options.seconds * 1000));
  for (int i = 0; i < options.connections; ++i) {
    base::asio::co_spawn(io, ask_until(client, server, end, totals), base::asio::detached);
  }
  io.run();
  const double rate = static_cast<double>(totals.requests) / seconds_since(start);
  const double cpu_us =
      (server.cpu_seconds() - cpu) * 1e6 / static_cast<double>(std::max(totals.requests, 1L));
  fmt::print(
      "chat completions, {} connections: {:.0f} requests/s, {:.1f} us of server CPU each, {} "
      "failures\n",
      options.connections, rate, cpu_us, totals.failures);
  return {
      {"requests_per_second", rate}, {"cpu_us_per_request", cpu_us}, {"failures", totals.failures}};
}

json::Object measure_streams(const bench::ServerProcess& server, const Options& options) {
  base::asio::io_context io;
  http::Client client(io.get_executor());
  Totals totals;
  const double cpu = server.cpu_seconds();
  const auto start = Clock::now();
  for (int i = 0; i < options.streams; ++i) {
    base::asio::co_spawn(io, stream(client, server, "stream", {}, totals), base::asio::detached);
  }
  io.run();
  // The role chunk, the words, the finish chunk, [DONE].
  const long expected = static_cast<long>(options.streams) * (kEventsPerStream + 3);
  const double rate = static_cast<double>(totals.events) / seconds_since(start);
  fmt::print(
      "{} streams at once: {} of {} events, {:.0f} events/s, {:.2f} us of server CPU each, {} "
      "failures\n",
      options.streams, totals.events, expected, rate,
      (server.cpu_seconds() - cpu) * 1e6 / static_cast<double>(std::max(totals.events, 1L)),
      totals.failures);
  return {{"streams", options.streams},
          {"events", totals.events},
          {"events_expected", expected},
          {"events_per_second", rate}};
}

json::Object measure_memory(const bench::ServerProcess& server, const Options& options) {
  const double before = server.resident_mb();
  base::asio::io_context io;
  http::Client client(io.get_executor());
  Totals totals;
  const auto hold = Clock::now() + std::chrono::seconds(4);
  for (int i = 0; i < options.streams; ++i) {
    base::asio::co_spawn(io, stream(client, server, "idle", hold, totals), base::asio::detached);
  }
  io.run_until(hold - std::chrono::milliseconds(300));
  const double with = server.resident_mb();
  const double each_kb = (with - before) * 1000 / options.streams;
  io.run();
  fmt::print("memory: {:.1f} MB before, {:.1f} MB with {} idle streams: {:.1f} kB each\n", before,
             with, options.streams, each_kb);
  return {{"resident_mb", before}, {"kb_per_idle_stream", each_kb}};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App cli{"Measures the HTTP path around an instant model."};
  cli.add_option("--program", options.program)->capture_default_str();
  cli.add_option("--json", options.json, "write the figures to this file");
  cli.add_option("--connections", options.connections)->capture_default_str();
  cli.add_option("--streams", options.streams)->capture_default_str();
  cli.add_option("--seconds", options.seconds)->capture_default_str();
  CLI11_PARSE(cli, argc, argv);
  signal(SIGPIPE, SIG_IGN);

  const bench::ServerProcess server({.program = options.program, .script = script()});
  if (server.url().empty()) {
    fmt::print(stderr, "bench_http: {} did not start\n", options.program);
    return 1;
  }
  json::Object figures;
  figures["memory"] = measure_memory(server, options);
  figures["requests"] = measure_requests(server, options);
  figures["streams"] = measure_streams(server, options);
  if (!options.json.empty()) std::ofstream(options.json) << json::dump(figures) << "\n";
  return 0;
}
