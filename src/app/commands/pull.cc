// parlance pull: downloads a model, resumable, checked, with progress.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/model_files.h"
#include "blob/digest.h"
#include "compute/gguf/file.h"
#include "http/client.h"

namespace app {
namespace {

namespace fs = std::filesystem;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

// OWNER/REPOSITORY/FILE.gguf means a file on the hub; everything else is a URL.
std::string url_of(const std::string& source) {
  if (source.find("://") != std::string::npos) return source;
  const auto first = source.find('/');
  const auto second = first == std::string::npos ? first : source.find('/', first + 1);
  if (second == std::string::npos) return source;
  return fmt::format("https://huggingface.co/{}/resolve/main/{}", source.substr(0, second),
                     source.substr(second + 1));
}

// The last part of a URL's path.
std::string file_name(const std::string& target) {
  return fs::path(target.substr(0, target.find('?'))).filename().string();
}

// Adds what an earlier try left to the hash; returns its size.
std::uint64_t hash_existing(const fs::path& partial, blob::Digest& hash) {
  FileHandle file(std::fopen(partial.c_str(), "rb"));
  if (!file) return 0;
  std::string piece(1 << 20, '\0');
  std::uint64_t total = 0;
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get())) {
    hash.add(std::string_view(piece).substr(0, n));
    total += n;
  }
  return total;
}

// One line that rewrites itself, on a terminal only.
class Progress {
 public:
  explicit Progress(std::uint64_t total) : total_(total), terminal_(isatty(STDERR_FILENO)) {}
  void show(std::uint64_t done, bool last) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || (!last && now - shown_ < std::chrono::milliseconds(200))) return;
    shown_ = now;
    const double share = total_ > 0 ? static_cast<double>(done) / static_cast<double>(total_) : 0;
    const auto bars = static_cast<std::size_t>(share * 40);
    fmt::print(stderr, "\r[{:<40}] {:5.1f} %  {:.1f} of {:.1f} MB{}", std::string(bars, '='),
               share * 100, static_cast<double>(done) / 1e6, static_cast<double>(total_) / 1e6,
               last ? "\n" : "");
    std::fflush(stderr);
  }

 private:
  std::uint64_t total_;
  bool terminal_;
  std::chrono::steady_clock::time_point shown_{};
};

struct Download {
  http::ClientRequest request;
  fs::path partial;
  std::string sha256;  // expected; empty: what the server says, if it says
  Status status;
};

// The hash that the server announces: the hub sends it as the ETag of the linked file.
std::string announced_hash(const http::ClientResponse& response) {
  std::string tag(response.headers().get("x-linked-etag"));
  std::erase(tag, '"');
  return tag.size() == 64 ? tag : std::string();
}

base::awaitable<Status> fetch(http::Client& client, Download& download) {
  blob::Digest hash;
  std::uint64_t done = hash_existing(download.partial, hash);
  if (done > 0) download.request.headers.set("Range", fmt::format("bytes={}-", done));
  auto sent = co_await client.send(download.request);
  if (!sent) co_return fail(sent.error());
  http::ClientResponse response = std::move(*sent);

  if (response.status() == 416) {  // nothing is missing any more
  } else if (response.status() == 200 || response.status() == 206) {
    const bool resumed = response.status() == 206;
    if (!resumed) {
      hash = blob::Digest();
      done = 0;
    }
    FileHandle file(std::fopen(download.partial.c_str(), resumed ? "ab" : "wb"));
    if (!file)
      co_return fail(ErrorCode::StorageFailed,
                     fmt::format("{} cannot be written", download.partial.string()));
    Progress progress(done +
                      static_cast<std::uint64_t>(std::max<std::int64_t>(response.size_hint(), 0)));
    std::string piece(256 * 1024, '\0');
    while (true) {
      auto n = co_await response.read_some(piece);
      if (!n)
        co_return fail(n.error().code,
                       n.error().message + "; run the command again to go on from here");
      if (*n == 0) break;
      if (std::fwrite(piece.data(), 1, *n, file.get()) != *n) {
        co_return fail(ErrorCode::StorageFailed,
                       "the disk is full; free some room and run the command again");
      }
      hash.add(std::string_view(piece).substr(0, *n));
      done += *n;
      progress.show(done, false);
    }
    progress.show(done, true);
  } else {
    co_return fail(ErrorCode::UpstreamFailed,
                   fmt::format("the server answered {}", response.status()));
  }

  const std::string expected = download.sha256.empty() ? announced_hash(response) : download.sha256;
  const std::string actual = hash.hex();
  if (!expected.empty() && expected != actual) {
    std::error_code ignored;
    fs::remove(download.partial, ignored);
    co_return fail(ErrorCode::CorruptData,
                   fmt::format("the checksum differs: expected {}, got {}", expected, actual));
  }
  co_return Status();
}

base::awaitable<> fetch_into(http::Client& client, Download& download) {
  download.status = co_await fetch(client, download);
}

}  // namespace

int pull_model(const Config& config, const PullOptions& options) {
  auto url = http::parse_url(url_of(options.source));
  if (!url)
    return complain("'" + options.source + "' is neither a URL nor OWNER/REPOSITORY/FILE.gguf");
  ModelFiles files(config.data, config.models.files, config.models.adapters);
  std::error_code error;
  fs::create_directories(files.directory(), error);
  const std::string name = file_name(url->target);
  if (!name.ends_with(".gguf")) return complain("'" + name + "' is no GGUF file");

  Download download{.request = {.url = *url},
                    .partial = fs::path(files.directory()) / (name + ".partial"),
                    .sha256 = options.sha256,
                    .status = {}};
  if (!options.token.empty())
    download.request.headers.set("Authorization", "Bearer " + options.token);
  base::asio::io_context io;
  http::Client client(io.get_executor(), {.redirects_max = 5});
  base::asio::co_spawn(io, fetch_into(client, download), base::asio::detached);
  io.run();
  if (!download.status) return complain(download.status.error().message);

  auto added = files.adopt(download.partial.string(),
                           options.id.empty() ? name.substr(0, name.size() - 5) : options.id);
  if (!added) return complain(added.error().message);
  fmt::print("pulled {} ({:.1f} MB). Try it: parlance run {} \"Hello\"\n", added->id,
             static_cast<double>(added->bytes) / 1e6, added->id);
  return 0;
}

}  // namespace app
