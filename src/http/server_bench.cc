// What a request and an idle stream cost the server, over loopback with a client in the same
// process. Read `server_us`: the CPU time of the IO thread per request, which the client does not
// disturb.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <boost/asio/use_future.hpp>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/check.h"
#include "http/io_threads.h"
#include "http/server.h"
#include "http/standard_headers.h"

namespace http {
namespace {

class Handlers {
 public:
  awaitable<Response> echo(Request& request) {
    auto body = co_await request.body();
    co_return Response::json(std::move(*body));
  }
  awaitable<Response> events(Request&) { co_return Response::sse(this, &Handlers::one_then_wait); }
  awaitable<> one_then_wait(SseWriter& out) {
    co_await out.data("first");
    co_await base::sleep_for(std::chrono::hours(1));
  }
};

struct Fixture {
  Fixture() {
    router.use(std::make_unique<StandardHeaders>());
    router.post("/v1/chat/completions", &handlers, &Handlers::echo);
    router.get("/events", &handlers, &Handlers::events);
    ServerOptions options;
    options.limits.drain_time_max = std::chrono::milliseconds(0);
    server.emplace(threads.executor(), router, random, options);
    CHECK(server->start().has_value());
  }
  ~Fixture() {
    boost::asio::co_spawn(threads.executor(), server->stop(), boost::asio::use_future).get();
    threads.stop();
  }
  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return fd;
  }
  // CPU seconds of the only IO thread.
  double server_seconds() {
    return boost::asio::post(threads.executor(), boost::asio::use_future([] {
                               rusage used{};
                               ::getrusage(RUSAGE_THREAD, &used);
                               return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
                                      1e-6 * (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
                             }))
        .get();
  }

  Handlers handlers;
  Router router;
  base::SystemRandom random;
  IoThreads threads{1};
  std::optional<Server> server;
};

std::size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long total = 0;
  long resident = 0;
  CHECK(std::fscanf(file, "%ld %ld", &total, &resident) == 2);
  std::fclose(file);
  return static_cast<std::size_t>(resident) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void small_json(benchmark::State& state) {
  Fixture fixture;
  const std::string body(150, 'x');
  const std::string request =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-x\r\n"
      "Content-Type: application/json\r\nContent-Length: 150\r\n\r\n" +
      body;
  std::vector<int> connections;
  for (int i = 0; i < state.range(0); ++i) connections.push_back(fixture.connect());
  char reply[4096];
  const double before = fixture.server_seconds();
  for (auto _ : state) {
    for (const int fd : connections) CHECK(::send(fd, request.data(), request.size(), 0) > 0);
    for (const int fd : connections) CHECK(::recv(fd, reply, sizeof reply, 0) > 0);
  }
  const auto requests = static_cast<double>(state.iterations() * state.range(0));
  state.SetItemsProcessed(static_cast<std::int64_t>(requests));
  state.counters["server_us"] = 1e6 * (fixture.server_seconds() - before) / requests;
  for (const int fd : connections) ::close(fd);
}
BENCHMARK(small_json)->Arg(1)->Arg(64)->UseRealTime();

void idle_streams(benchmark::State& state) {
  Fixture fixture;
  const std::string request = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
  char reply[4096];
  std::vector<int> connections;
  const auto before = resident_bytes();
  for (auto _ : state) {
    for (int i = 0; i < state.range(0); ++i) {
      connections.push_back(fixture.connect());
      CHECK(::send(connections.back(), request.data(), request.size(), 0) > 0);
      CHECK(::recv(connections.back(), reply, sizeof reply, 0) > 0);
    }
  }
  const auto grown = static_cast<double>(resident_bytes() - before);
  state.counters["bytes_per_stream"] = grown / static_cast<double>(connections.size());
  for (const int fd : connections) ::close(fd);
}
BENCHMARK(idle_streams)->Arg(2000)->Iterations(1);

}  // namespace
}  // namespace http
