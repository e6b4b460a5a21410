#include "api/uploads/service.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/limits/file.h"
#include "blob/digest.h"

namespace api::uploads {
namespace {

using base::awaitable;

constexpr std::size_t kCopyBytes = 1024 * 1024;  // of one step on the pool

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The next piece of a copy: reads, hashes, and writes where there is a writer. 0 at the end.
Result<std::size_t> copy_piece(const blob::BlobReader& from, std::int64_t offset,
                               blob::Digest& digest, blob::BlobWriter* to) {
  std::string piece(kCopyBytes, '\0');
  auto n = from.read(offset, std::as_writable_bytes(std::span(piece)));
  if (!n) return n;
  const auto bytes = std::as_bytes(std::span(piece)).first(*n);
  digest.add(bytes);
  if (to) {
    if (auto status = to->write(bytes); !status) return fail(status.error());
  }
  return n;
}

}  // namespace

awaitable<Result<Upload>> UploadsService::create(Upload upload) {
  upload.id = ids_.object("upload");
  upload.created_at = clock_.unix_seconds();
  upload.expires_at = upload.created_at + limits::upload_seconds_max;
  auto created = co_await database_.write(
      [&](store::Transaction& transaction) { return uploads::create(transaction, upload); });
  if (!created) co_return fail(created.error());
  co_return std::move(upload);
}

awaitable<Status> UploadsService::check_open(base::ProjectId project, std::string id) {
  const std::int64_t now = clock_.unix_seconds();
  auto found = co_await database_.read(files_.pools().store, [&](store::Session& session) {
    return find_pending(session, project, id, now, "add a part to");
  });
  if (!found) co_return fail(found.error());
  co_return Status{};
}

awaitable<Result<Part>> UploadsService::add_part(base::ProjectId project, std::string id,
                                                 blob::Stored contents) {
  const std::int64_t now = clock_.unix_seconds();
  Part part{.id = ids_.object("part"), .created_at = now, .contents = std::move(contents)};
  auto added = co_await database_.write([&](store::Transaction& transaction) -> Status {
    auto upload = find_pending(transaction, project, id, now, "add a part to");
    if (!upload) return fail(upload.error());
    upload->parts += 1;
    upload->bytes_received += part.contents.size;
    if (upload->parts > limits::upload_parts_max ||
        upload->bytes_received > limits::upload_bytes_max) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("An upload takes at most {} parts with {} bytes in total.",
                              limits::upload_parts_max, limits::upload_bytes_max),
                  "data");
    }
    if (auto status = uploads::add_part(transaction, *upload, part); !status) return status;
    return update(transaction, *upload);
  });
  if (!added) co_return fail(added.error());
  co_return std::move(part);
}

awaitable<Result<blob::Stored>> UploadsService::assemble(const std::vector<Part>& parts,
                                                         const std::optional<std::string>& md5) {
  auto& pool = files_.pools().store;
  // One part is the file already: its bytes are read only to check them.
  const bool copy = parts.size() != 1;
  std::unique_ptr<blob::BlobWriter> writer;
  if (copy) {
    auto created = co_await base::on_pool(pool, [&] { return files_.blobs().create(); });
    if (!created) co_return fail(created.error());
    writer = std::move(*created);
  }
  blob::Digest digest(blob::Digest::Kind::Md5);
  for (const Part& part : parts) {
    if (!copy && !md5) break;
    auto opened = co_await base::on_pool(
        pool, [&] { return files_.blobs().open(part.contents.key, part.contents.size); });
    if (!opened) co_return fail(opened.error());
    for (std::int64_t offset = 0; offset < part.contents.size;) {
      auto n = co_await base::on_pool(
          pool, [&] { return copy_piece(**opened, offset, digest, writer.get()); });
      if (!n) co_return fail(n.error());
      if (*n == 0)
        co_return fail(ErrorCode::CorruptData, "A stored part is shorter than its record says.");
      offset += static_cast<std::int64_t>(*n);
    }
  }
  if (md5 && digest.hex() != lower(*md5)) {
    co_return fail(ErrorCode::InvalidRequest,
                   "The md5 checksum of the uploaded bytes does not match the one given.", "md5");
  }
  if (!copy) co_return parts[0].contents;
  auto stored = co_await base::on_pool(pool, [&] { return writer->finish(); });
  co_return std::move(stored);
}

awaitable<Result<Completed>> UploadsService::complete(Complete request) {
  const std::int64_t started = clock_.unix_seconds();
  std::vector<Part> parts;
  auto found =
      co_await database_.read(files_.pools().store, [&](store::Session& session) -> Result<Upload> {
        auto upload = find_pending(session, request.project, request.id, started, "complete");
        if (!upload) return upload;
        auto listed = find_parts(session, *upload, request.part_ids);
        if (!listed) return fail(listed.error());
        parts = std::move(*listed);
        return upload;
      });
  if (!found) co_return fail(found.error());
  std::int64_t bytes = 0;
  for (const Part& part : parts) bytes += part.contents.size;
  if (bytes != found->bytes) {
    co_return fail(ErrorCode::InvalidRequest,
                   fmt::format("The parts have {} bytes in total, but the upload was created with "
                               "bytes = {}.",
                               bytes, found->bytes),
                   "part_ids");
  }
  auto contents = co_await assemble(parts, request.md5);
  if (!contents) co_return fail(contents.error());

  auto completed =
      co_await database_.write([&](store::Transaction& transaction) -> Result<Completed> {
        // As of the start: a long copy does not run out of time. Another call may have won.
        auto upload = find_pending(transaction, request.project, request.id, started, "complete");
        if (!upload) return fail(upload.error());
        auto still = find_parts(transaction, *upload, request.part_ids);
        if (!still) return fail(still.error());
        auto file = files_.create_in(transaction,
                                     {.project = request.project,
                                      .filename = upload->filename,
                                      .purpose = upload->purpose,
                                      .contents = *contents,
                                      .expires_after_seconds = upload->file_expires_after_seconds});
        if (!file) return fail(file.error());
        if (auto status = remove_parts(transaction, *upload, started); !status)
          return fail(status.error());
        upload->status = UploadStatus::Completed;
        upload->file_id = file->id;
        if (auto status = update(transaction, *upload); !status) return fail(status.error());
        return Completed{*upload, *file};
      });
  co_return std::move(completed);
}

awaitable<Result<Upload>> UploadsService::cancel(base::ProjectId project, std::string id) {
  const std::int64_t now = clock_.unix_seconds();
  auto cancelled = co_await database_.write([&](store::Transaction& transaction) -> Result<Upload> {
    auto upload = find_pending(transaction, project, id, now, "cancel");
    if (!upload) return upload;
    if (auto status = remove_parts(transaction, *upload, now); !status) return fail(status.error());
    upload->status = UploadStatus::Cancelled;
    if (auto status = update(transaction, *upload); !status) return fail(status.error());
    return upload;
  });
  co_return std::move(cancelled);
}

}  // namespace api::uploads
