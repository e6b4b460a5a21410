#include "api/vector_stores/service.h"

#include <fmt/format.h>

#include "api/vector_stores/indexer.h"
#include "store/repo/chunks.h"

namespace api::vector_stores {
namespace {

using base::awaitable;
using vector::FileBatch;
using vector::StoreFile;
using vector::StoreId;
using vector::VectorStore;

constexpr std::size_t kChunksPerRead = 500;

store::chunks::StoreKey chunks_of(const StoreId& id) {
  return {.project = id.project, .store = id.id};
}

}  // namespace

VectorStoresService::VectorStoresService(Parts parts)
    : parts_(std::move(parts)), queue_clock_(parts_.clock) {
  parts_.files.on_remove(
      [this](store::Transaction& transaction, const base::ProjectId& project,
             const std::string& file) { return detach_everywhere(transaction, project, file); });
  parts_.search.on_maker([this](StoreId id, std::string made_by) {
    return note_maker(std::move(id), std::move(made_by));
  });
}

Status VectorStoresService::check_open(store::Session& session, const StoreId& id) const {
  auto found = vector::stores::get(session, id, parts_.clock.unix_seconds());
  if (!found) return fail(found.error());
  if (found->record.expired)
    return fail(ErrorCode::InvalidRequest, fmt::format("Vector store '{}' has expired.", id.id));
  return {};
}

Status VectorStoresService::clean_later(store::Transaction& transaction,
                                        const base::ProjectId& project, const std::string& store) {
  return enqueue_cleaning(transaction, project, store, parts_.ids.object("job"),
                          queue_clock_.now_ms());
}

awaitable<Status> VectorStoresService::note_maker(StoreId id, std::string made_by) {
  auto note = [&](store::Transaction& transaction) -> Result<bool> {
    auto is_another = vector::stores::note_maker(transaction, id, made_by);
    if (!is_another || !*is_another) return is_another;
    auto queued =
        enqueue_embedding(transaction, id, parts_.ids.object("job"), queue_clock_.now_ms());
    if (!queued) return fail(queued.error());
    return true;
  };
  auto noted = co_await parts_.database.write(note);
  if (!noted) co_return fail(noted.error());
  if (*noted) parts_.doorbell.wake();
  co_return Status();
}

Status VectorStoresService::clean_hidden(store::Transaction& transaction, const StoreId& id,
                                         std::span<const std::int64_t> hidden) {
  return hidden.empty() ? Status() : clean_later(transaction, id.project, "");
}

Status VectorStoresService::attach_in(store::Transaction& transaction, const Attachment& to,
                                      const AttachFile& wanted, std::vector<std::int64_t>& hidden) {
  auto file = StoredFiles::get_in(transaction, to.store.project, wanted.file_id, to.now);
  if (!file) {
    auto error = file.error();
    error.param = "file_id";
    return fail(std::move(error));
  }
  const ChunkingStrategy chunking = wanted.chunking_strategy.value_or(ChunkingStrategy{});
  vector::FileRecord record;
  record.filename = file->filename;
  record.chunk_tokens = chunking.tokens;
  record.overlap_tokens = chunking.overlap_tokens;
  if (wanted.attributes) record.attributes = wanted.attributes->values;
  record.batch = to.batch;
  record.job = parts_.ids.object("job");
  auto replaced = vector::files::attach(
      transaction, {.store = to.store, .file = wanted.file_id, .now = to.now, .record = record});
  if (!replaced) return fail(replaced.error());
  hidden.insert(hidden.end(), replaced->begin(), replaced->end());
  return enqueue_indexing(transaction, to.store, wanted.file_id, record.job, queue_clock_.now_ms());
}

Result<std::function<void()>> VectorStoresService::detach_everywhere(
    store::Transaction& transaction, const base::ProjectId& project, const std::string& file) {
  auto detached = vector::files::detach_everywhere(transaction, project, file);
  if (!detached) return fail(detached.error());
  if (detached->empty()) return std::function<void()>();
  if (auto status = clean_later(transaction, project, ""); !status) return fail(status.error());
  return std::function<void()>([this, detached = std::move(*detached)] {
    for (const auto& each : detached)
      parts_.search.indexes().forget(chunks_of(each.store), each.hidden);
    parts_.doorbell.wake();
  });
}

awaitable<Result<VectorStore>> VectorStoresService::create(base::ProjectId project,
                                                           CreateStore wanted) {
  const std::int64_t now = parts_.clock.unix_seconds();
  VectorStore made{
      .key = {.project = project, .kind = vector::kStoreKind, .id = parts_.ids.object("vs")},
      .created_at = now,
      .record = {}};
  auto& record = made.record;
  record.name = wanted.name.value_or("");
  record.description = wanted.description.value_or("");
  if (wanted.metadata) record.metadata = wanted.metadata->pairs;
  if (wanted.expires_after) record.expires_after_days = wanted.expires_after->days;
  record.last_active_at = now;
  record.embedding_model = parts_.search.embedding_model(parts_.embedding_model);
  const Attachment to{.store = {project, made.key.id}, .now = now};
  auto store = [&](store::Transaction& transaction) -> Result<VectorStore> {
    if (auto status = vector::stores::create(transaction, made); !status)
      return fail(status.error());
    std::vector<std::int64_t> none;
    for (const auto& file : wanted.file_ids.value_or(std::vector<std::string>())) {
      const AttachFile each{file, wanted.chunking_strategy, {}};
      if (auto status = attach_in(transaction, to, each, none); !status)
        return fail(status.error());
    }
    return vector::stores::get(transaction, to.store, now);
  };
  auto stored = co_await parts_.database.write(store);
  if (stored && wanted.file_ids) parts_.doorbell.wake();
  co_return std::move(stored);
}

awaitable<Result<VectorStore>> VectorStoresService::get(StoreId id) {
  const std::int64_t now = parts_.clock.unix_seconds();
  auto found = co_await parts_.database.read(
      parts_.files.pools().store,
      [&](store::Session& session) { return vector::stores::get(session, id, now); });
  co_return std::move(found);
}

awaitable<Result<store::Page<VectorStore>>> VectorStoresService::list(base::ProjectId project,
                                                                      store::PageRequest page) {
  const std::int64_t now = parts_.clock.unix_seconds();
  auto found = co_await parts_.database.read(
      parts_.files.pools().store,
      [&](store::Session& session) { return vector::stores::list(session, project, page); });
  if (found) {
    for (auto& each : found->entries) {
      const auto end = each.record.expires_at();
      if (end && *end <= now) each.record.expired = true;
    }
  }
  co_return std::move(found);
}

awaitable<Result<VectorStore>> VectorStoresService::update(StoreId id, Update update) {
  const std::int64_t now = parts_.clock.unix_seconds();
  auto change = [&](store::Transaction& transaction) -> Result<VectorStore> {
    if (auto status = check_open(transaction, id); !status) return fail(status.error());
    auto found = vector::stores::get(transaction, id, now);
    if (!found) return found;
    auto& record = found->record;
    if (update.fields.name) record.name = *update.fields.name;
    if (update.clears_name) record.name.clear();
    if (update.fields.expires_after) record.expires_after_days = update.fields.expires_after->days;
    if (update.clears_expiry) record.expires_after_days.reset();
    if (update.fields.metadata) record.metadata = update.fields.metadata->pairs;
    record.last_active_at = now;
    if (auto status = vector::stores::save(transaction, *found); !status)
      return fail(status.error());
    return found;
  };
  auto changed = co_await parts_.database.write(change);
  co_return std::move(changed);
}

awaitable<Status> VectorStoresService::remove(StoreId id) {
  const std::int64_t now = parts_.clock.unix_seconds();
  auto take = [&](store::Transaction& transaction) -> Status {
    if (auto status = vector::stores::remove(transaction, id, now); !status) return status;
    return clean_later(transaction, id.project, id.id);
  };
  auto removed = co_await parts_.database.write(take);
  if (removed) {
    parts_.search.indexes().drop(chunks_of(id));
    parts_.doorbell.wake();
  }
  co_return removed;
}

Status VectorStoresService::expire(store::Transaction& transaction, const store::DocumentKey& key,
                                   std::int64_t now) {
  auto expired = vector::stores::expire(transaction, {key.project, key.id}, now);
  if (!expired) return fail(expired.error());
  return *expired ? clean_later(transaction, key.project, "") : Status();
}

awaitable<Result<StoreFile>> VectorStoresService::attach(StoreId id, AttachFile wanted) {
  const Attachment to{.store = id, .now = parts_.clock.unix_seconds()};
  std::vector<std::int64_t> hidden;
  auto put = [&](store::Transaction& transaction) -> Result<StoreFile> {
    hidden.clear();
    if (auto status = check_open(transaction, id); !status) return fail(status.error());
    if (auto status = attach_in(transaction, to, wanted, hidden); !status)
      return fail(status.error());
    if (auto status = clean_hidden(transaction, id, hidden); !status) return fail(status.error());
    return vector::files::get(transaction, id, wanted.file_id);
  };
  auto attached = co_await parts_.database.write(put);
  if (attached) {
    parts_.search.indexes().forget(chunks_of(id), hidden);
    parts_.doorbell.wake();
  }
  co_return std::move(attached);
}

awaitable<Result<StoreFile>> VectorStoresService::get_file(StoreId id, std::string file) {
  auto found = co_await parts_.database.read(
      parts_.files.pools().store, [&](store::Session& session) -> Result<StoreFile> {
        if (auto store = vector::stores::get(session, id, 0); !store) return fail(store.error());
        return vector::files::get(session, id, file);
      });
  co_return std::move(found);
}

awaitable<Result<store::Page<StoreFile>>> VectorStoresService::list_files(
    vector::files::ListFiles wanted) {
  using Files = store::Page<StoreFile>;
  auto found = co_await parts_.database.read(
      parts_.files.pools().store, [&](store::Session& session) -> Result<Files> {
        if (auto store = vector::stores::get(session, wanted.store, 0); !store)
          return fail(store.error());
        if (!wanted.batch.empty()) {
          if (auto batch = vector::batches::get(session, wanted.store, wanted.batch); !batch)
            return fail(batch.error());
        }
        return vector::files::list(session, wanted);
      });
  co_return std::move(found);
}

awaitable<Result<StoreFile>> VectorStoresService::set_attributes(StoreId id, std::string file,
                                                                 json::Object attributes) {
  auto change = [&](store::Transaction& transaction) -> Result<StoreFile> {
    if (auto status = check_open(transaction, id); !status) return fail(status.error());
    return vector::files::set_attributes(transaction, id, file, attributes);
  };
  auto changed = co_await parts_.database.write(change);
  co_return std::move(changed);
}

awaitable<Status> VectorStoresService::detach(StoreId id, std::string file) {
  std::vector<std::int64_t> hidden;
  auto take = [&](store::Transaction& transaction) -> Status {
    if (auto store = vector::stores::get(transaction, id, 0); !store) return fail(store.error());
    auto sets = vector::files::detach(transaction, id, file);
    if (!sets) return fail(sets.error());
    hidden = std::move(*sets);
    return clean_later(transaction, id.project, "");
  };
  auto detached = co_await parts_.database.write(take);
  if (detached) {
    parts_.search.indexes().forget(chunks_of(id), hidden);
    parts_.doorbell.wake();
  }
  co_return detached;
}

awaitable<Result<std::vector<std::string>>> VectorStoresService::content(StoreId id,
                                                                         std::string file) {
  auto found = co_await get_file(id, file);
  if (!found) co_return fail(found.error());
  if (found->record.status != "completed") {
    co_return fail(ErrorCode::InvalidRequest,
                   fmt::format("The file '{}' has no content yet: its status is '{}'.", file,
                               found->record.status));
  }
  std::vector<std::string> texts;
  while (true) {
    const auto position = static_cast<std::int64_t>(texts.size());
    auto some =
        co_await parts_.database.read(parts_.files.pools().store, [&](store::Session& session) {
          return store::chunks::of_file(session, {chunks_of(id), file}, position, kChunksPerRead);
        });
    if (!some) co_return fail(some.error());
    for (auto& chunk : *some) texts.push_back(std::move(chunk.body));
    if (some->size() < kChunksPerRead) co_return texts;
  }
}

awaitable<Result<FileBatch>> VectorStoresService::create_batch(StoreId id,
                                                               std::vector<AttachFile> files) {
  const std::int64_t now = parts_.clock.unix_seconds();
  const std::string batch_id = parts_.ids.object("vsfb");
  const Attachment to{.store = id, .batch = batch_id, .now = now};
  std::vector<std::int64_t> hidden;
  auto put = [&](store::Transaction& transaction) -> Result<FileBatch> {
    hidden.clear();
    if (auto status = check_open(transaction, id); !status) return fail(status.error());
    FileBatch batch{
        .key = {.project = id.project, .kind = vector::kBatchKind, .id = batch_id, .parent = id.id},
        .created_at = now,
        .record = {}};
    if (auto status = vector::batches::create(transaction, batch); !status)
      return fail(status.error());
    for (const auto& file : files) {
      if (auto status = attach_in(transaction, to, file, hidden); !status)
        return fail(status.error());
    }
    if (auto status = clean_hidden(transaction, id, hidden); !status) return fail(status.error());
    return vector::batches::get(transaction, id, batch_id);
  };
  auto created = co_await parts_.database.write(put);
  if (created) {
    parts_.search.indexes().forget(chunks_of(id), hidden);
    parts_.doorbell.wake();
  }
  co_return std::move(created);
}

awaitable<Result<FileBatch>> VectorStoresService::get_batch(StoreId id, std::string batch) {
  auto found = co_await parts_.database.read(
      parts_.files.pools().store, [&](store::Session& session) -> Result<FileBatch> {
        if (auto store = vector::stores::get(session, id, 0); !store) return fail(store.error());
        return vector::batches::get(session, id, batch);
      });
  co_return std::move(found);
}

awaitable<Result<FileBatch>> VectorStoresService::cancel_batch(StoreId id, std::string batch) {
  auto stop = [&](store::Transaction& transaction) -> Result<FileBatch> {
    if (auto store = vector::stores::get(transaction, id, 0); !store) return fail(store.error());
    return vector::batches::cancel(transaction, id, batch);
  };
  auto cancelled = co_await parts_.database.write(stop);
  co_return std::move(cancelled);
}

awaitable<Result<std::vector<vector::Passage>>> VectorStoresService::find(
    vector::SearchRequest request) {
  auto found = co_await parts_.search.find(std::move(request));
  co_return std::move(found);
}

}  // namespace api::vector_stores
