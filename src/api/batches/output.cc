#include "api/batches/output.h"

#include <span>

#include "api/batches/answer.h"
#include "api/batches/input.h"

namespace api::batches {
namespace {

// Answers of embeddings can be large: few are held at a time.
constexpr std::size_t kResultsPerRead = 16;

// A file that comes into being with its first line.
class LazyFile {
 public:
  explicit LazyFile(blob::BlobStore& blobs) : blobs_(blobs) {}

  Status add(std::string_view line) {
    if (!writer_) {
      auto created = blobs_.create();
      if (!created) return fail(std::move(created.error()));
      writer_ = std::move(*created);
    }
    for (const std::string_view part : {line, std::string_view("\n")}) {
      auto status = writer_->write(std::as_bytes(std::span(part)));
      if (!status) return status;
    }
    return {};
  }
  Result<std::optional<blob::Stored>> finish() {
    if (!writer_) return std::nullopt;
    auto stored = writer_->finish();
    if (!stored) return fail(std::move(stored.error()));
    return std::optional(std::move(*stored));
  }

 private:
  blob::BlobStore& blobs_;
  std::unique_ptr<blob::BlobWriter> writer_;
};

Unanswered never_executed(const Record& record) {
  if (record.out_of_time) {
    return {.id = {},
            .custom_id = {},
            .code = "batch_expired",
            .message = "This request could not be executed before the completion window expired."};
  }
  if (record.status == status::kCancelling) {
    return {.id = {},
            .custom_id = {},
            .code = "batch_cancelled",
            .message = "This request was not executed because the batch was cancelled."};
  }
  return {.id = {},
          .custom_id = {},
          .code = "batch_failed",
          .message = "This request was not executed because the batch failed."};
}

// The lines of the input that are not in `done`, which is ascending.
Status add_missing(const blob::BlobReader& input, const std::vector<std::int64_t>& done,
                   Unanswered line, base::IdGenerator& ids, LazyFile& errors) {
  auto next = done.begin();
  return each_line(input, [&](const LinePlace& place, std::string_view text) -> Status {
    while (next != done.end() && *next < place.number) ++next;
    if (next != done.end() && *next == place.number) return {};
    auto value = json::parse(text);
    const auto* object = value ? value->if_object() : nullptr;
    line.id = ids.object("batch_req");
    line.custom_id = object ? std::string(json::string_or(*object, "custom_id")) : "";
    return errors.add(unanswered_line(line));
  });
}

}  // namespace

base::awaitable<Result<OutputFiles>> write_output(store::Database& database, blob::BlobStore& blobs,
                                                  base::Pools& pools, base::IdGenerator& ids,
                                                  const Stored& batch) {
  LazyFile output(blobs), errors(blobs);
  std::vector<std::int64_t> done;
  bool more = batch.record.in_progress_at.has_value();
  while (more) {
    auto status = co_await base::on_pool(pools.store, [&]() -> Status {
      const std::int64_t after = done.empty() ? 0 : done.back();
      auto results = database.read_blocking([&](store::Session& session) {
        return store::batch_results::read(session, batch.id, after, kResultsPerRead);
      });
      if (!results) return fail(std::move(results.error()));
      for (const auto& result : *results) {
        auto added = (result.failed ? errors : output).add(result.body);
        if (!added) return added;
        done.push_back(result.line);
      }
      more = !results->empty();
      return {};
    });
    if (!status) co_return fail(std::move(status.error()));
  }
  auto files = co_await base::on_pool(pools.store, [&]() -> Result<OutputFiles> {
    // A file that never passed validation has no requests to tell of.
    if (batch.record.in_progress_at) {
      auto input = blobs.open(batch.record.input_blob, batch.record.input_bytes);
      if (!input) return fail(std::move(input.error()));
      auto status = add_missing(**input, done, never_executed(batch.record), ids, errors);
      if (!status) return fail(std::move(status.error()));
    }
    auto first = output.finish();
    if (!first) return fail(std::move(first.error()));
    auto second = errors.finish();
    if (!second) return fail(std::move(second.error()));
    return OutputFiles{.output = std::move(*first), .errors = std::move(*second)};
  });
  co_return std::move(files);
}

}  // namespace api::batches
