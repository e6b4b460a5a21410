#include "api/vector_stores/indexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json/codec.h"
#include "base/limits/vector.h"
#include "base/log.h"
#include "jobs/queue.h"
#include "store/repo/chunks.h"

namespace api::vector_stores {
namespace {

using base::awaitable;
using jobs::Outcome;
namespace chunks = store::chunks;

constexpr const char* kIndexKind = "vector_store.index";
constexpr const char* kCleanKind = "vector_store.clean";
constexpr const char* kEmbedKind = "vector_store.embed";
constexpr std::size_t kPieceBytes = 1024 * 1024;
constexpr std::size_t kRemovedPerCommit = 200;
// A server that dies takes an attempt with it, and each goes on where the last one was.
constexpr std::int64_t kAttemptsMax = 20;

struct Payload {
  std::string store, file;
  static constexpr auto json_fields() {
    return std::tuple{json::field("store", &Payload::store),
                      json::field("file", &Payload::file).optional()};
  }
};

Payload payload_of(const jobs::Job& job) {
  const auto value = json::parse(job.payload);
  auto read = value ? json::read<Payload>(*value) : Result<Payload>(Payload{});
  return read ? std::move(*read) : Payload{};
}

// What an error of reading a file is for whoever looks at the file.
const char* code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::Unsupported: return "unsupported_file";
    case ErrorCode::InvalidRequest:
    case ErrorCode::NotFound:
    case ErrorCode::TooLarge:
    case ErrorCode::Timeout: return "invalid_file";
    default: return "server_error";
  }
}

// What is embedded: a chunk in the middle of a chapter says which.
std::string text_to_embed(std::string_view heading, std::string_view text) {
  if (heading.empty() || text.starts_with(heading)) return std::string(text);
  return fmt::format("{}\n{}", heading, text);
}

}  // namespace

struct Indexer::Work {
  vector::StoreId store;
  std::string file;
  std::string job;
  vector::FileRecord record;
  std::string embedding_model;

  chunks::StoreKey in() const { return {store.project, store.id}; }
  chunks::FileKey key() const { return {in(), file}; }
  // Whether the file still waits for this job: it may be cancelled, detached, or attached anew.
  Result<bool> is_wanted(store::Session& session) const {
    auto found = vector::files::get(session, store, file);
    if (!found && found.error().code == ErrorCode::NotFound) return false;
    if (!found) return fail(found.error());
    return found->record.status == "in_progress" && found->record.job == job;
  }
};

Status enqueue_indexing(store::Transaction& transaction, const vector::StoreId& store,
                        const std::string& file, const std::string& job, std::int64_t now_ms) {
  return jobs::queue::enqueue(transaction,
                              {.id = {job},
                               .kind = kIndexKind,
                               .project = store.project,
                               .subject = file,
                               .payload = json::dump(json::write(Payload{store.id, file})),
                               .attempts_max = kAttemptsMax},
                              now_ms);
}

Status enqueue_embedding(store::Transaction& transaction, const vector::StoreId& store,
                         const std::string& job, std::int64_t now_ms) {
  return jobs::queue::enqueue(transaction,
                              {.id = {job},
                               .kind = kEmbedKind,
                               .project = store.project,
                               .subject = store.id,
                               .payload = json::dump(json::write(Payload{store.id, {}})),
                               .attempts_max = kAttemptsMax},
                              now_ms);
}

Status enqueue_cleaning(store::Transaction& transaction, const base::ProjectId& project,
                        const std::string& store, const std::string& job, std::int64_t now_ms) {
  return jobs::queue::enqueue(transaction,
                              {.id = {job},
                               .kind = kCleanKind,
                               .project = project,
                               .subject = store,
                               .payload = json::dump(json::write(Payload{store, {}})),
                               .priority = jobs::Priority::Bulk,
                               .attempts_max = 10},
                              now_ms);
}

std::vector<jobs::Handler> Indexer::handlers() {
  // A file whose indexing failed for good or was cancelled ends with it.
  auto on_end = [](store::Transaction& transaction, const jobs::Job& job) -> Status {
    const auto payload = payload_of(job);
    const Work work{.store = {job.project, payload.store},
                    .file = payload.file,
                    .job = job.id.value,
                    .record = {},
                    .embedding_model = {}};
    auto wanted = work.is_wanted(transaction);
    if (!wanted) return fail(wanted.error());
    if (!*wanted) return {};
    auto settled = vector::files::settle(
        transaction, work.store, work.file,
        {.status = "failed",
         .error_code = "server_error",
         .error_message = "The file could not be processed because of a server error."});
    if (!settled) return fail(settled.error());
    return {};
  };
  return {{.kind = kIndexKind,
           .run = [this](jobs::Attempt& attempt) { return index(attempt); },
           .on_end = on_end,
           .at_once_max = limits::vector_index_jobs_at_once_max},
          {.kind = kEmbedKind,
           .run = [this](jobs::Attempt& attempt) { return embed_again(attempt); },
           .on_end =
               [](store::Transaction& transaction, const jobs::Job& job) {
                 return vector::stores::embedding_failed(transaction,
                                                         {job.project, payload_of(job).store});
               }},
          {.kind = kCleanKind, .run = [this](jobs::Attempt& attempt) { return clean(attempt); }}};
}

awaitable<Outcome> Indexer::index(jobs::Attempt& attempt) {
  const auto payload = payload_of(attempt.job());
  Work work{.store = {attempt.job().project, payload.store},
            .file = payload.file,
            .job = attempt.job().id.value,
            .record = {},
            .embedding_model = {}};
  auto loaded = co_await database_.read(files_.pools().store,
                                        [&](store::Session& session) -> Result<vector::StoreFile> {
                                          auto store = vector::stores::get(session, work.store, 0);
                                          if (!store) return fail(store.error());
                                          work.embedding_model = store->record.embedding_model;
                                          return vector::files::get(session, work.store, work.file);
                                        });
  if (!loaded && loaded.error().code == ErrorCode::NotFound) co_return Outcome::done();
  if (!loaded) co_return Outcome::retry(loaded.error().message);
  work.record = loaded->record;
  if (work.record.status != "in_progress" || work.record.job != attempt.job().id.value)
    co_return Outcome::done();

  auto read = co_await read_chunks(work);
  if (!read) {
    if (code_of(read.error()) == std::string_view("server_error"))
      co_return Outcome::retry(read.error().message);
    auto given_up = co_await give_up(attempt, work, read.error());
    if (!given_up) co_return Outcome::retry(given_up.error().message);
    co_return Outcome::done();
  }
  auto set = co_await store_chunks(attempt, work, *read);
  if (!set && set.error().code == ErrorCode::Conflict) co_return Outcome::done();
  if (!set) co_return Outcome::retry(set.error().message);
  auto completed = co_await complete(attempt, work, *set);
  if (!completed) co_return Outcome::retry(completed.error().message);
  search_.indexes().grown(work.in());
  co_return Outcome::done();
}

awaitable<Result<documents::Input>> Indexer::read_file(const StoredFile& file) {
  auto input = co_await base::on_pool(files_.pools().store, [&]() -> Result<documents::Input> {
    auto reader = files_.open(file);
    if (!reader) return fail(reader.error());
    auto made = documents::Input::create();
    if (!made) return made;
    std::string piece(kPieceBytes, '\0');
    std::int64_t offset = 0;
    while (offset < (*reader)->size()) {
      auto n = (*reader)->read(offset, std::as_writable_bytes(std::span(piece)));
      if (!n) return fail(n.error());
      if (*n == 0)
        return fail(ErrorCode::CorruptData, "The file's contents are shorter than they were.");
      if (auto status = made->append(std::string_view(piece).substr(0, *n)); !status)
        return fail(status.error());
      offset += static_cast<std::int64_t>(*n);
    }
    return made;
  });
  co_return std::move(input);
}

awaitable<Result<std::vector<documents::Chunk>>> Indexer::read_chunks(const Work& work) {
  auto file = co_await files_.get(work.store.project, work.file);
  if (!file) co_return fail(file.error());
  auto input = co_await read_file(*file);
  if (!input) co_return fail(input.error());
  auto document = co_await extractor_.extract(std::move(*input), file->filename);
  if (!document) co_return fail(document.error());
  auto cut = co_await base::on_pool(files_.pools().work, [&] {
    return documents::cut(*document, {.tokens_max = work.record.chunk_tokens,
                                      .overlap_tokens = work.record.overlap_tokens});
  });
  std::int64_t tokens = 0;
  for (const auto& section : document->sections) tokens += documents::estimate_tokens(section.text);
  if (tokens > limits::vector_store_file_tokens_max)
    co_return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  co_return cut;
}

// Goes on behind what an earlier attempt has stored: the same file gives the same chunks.
awaitable<Result<std::int64_t>> Indexer::store_chunks(jobs::Attempt& attempt, const Work& work,
                                                      const std::vector<documents::Chunk>& cut) {
  auto begin =
      [&](store::Transaction& transaction) -> Result<std::pair<std::int64_t, std::int64_t>> {
    auto wanted = work.is_wanted(transaction);
    if (!wanted) return fail(wanted.error());
    if (!*wanted) return fail(ErrorCode::Conflict, "The file is no longer wanted.");
    auto found = chunks::find_set(transaction, work.key());
    if (!found) return fail(found.error());
    auto set = *found ? Result<std::int64_t>(**found) : chunks::begin_set(transaction, work.key());
    if (!set) return fail(set.error());
    auto done = chunks::count(transaction, *set);
    if (!done) return fail(done.error());
    return std::pair{*set, *done};
  };
  auto begun = co_await attempt.write(begin);
  if (!begun) co_return fail(begun.error());
  const auto [set, done] = *begun;
  for (std::size_t i = static_cast<std::size_t>(done); i < cut.size();
       i += limits::chunks_per_commit) {
    const auto end = std::min(cut.size(), i + limits::chunks_per_commit);
    std::vector<std::string> texts;
    for (std::size_t k = i; k < end; ++k)
      texts.push_back(text_to_embed(cut[k].heading, cut[k].text));
    inference::Embeddings made{.vectors = std::vector<std::vector<float>>(texts.size())};
    if (!work.embedding_model.empty()) {
      auto embedded = co_await embed(work, std::move(texts));
      if (!embedded) co_return fail(embedded.error());
      made = std::move(*embedded);
    }
    std::vector<chunks::NewChunk> rows;
    for (std::size_t k = i; k < end; ++k) {
      rows.push_back({.page = cut[k].page,
                      .tokens = cut[k].tokens,
                      .heading = cut[k].heading,
                      .body = cut[k].text,
                      .vector = std::move(made.vectors[k - i])});
    }
    auto append = [&, set = set](store::Transaction& transaction) -> Status {
      if (auto status = chunks::append(transaction, set, rows); !status) return status;
      auto is_another = vector::stores::note_maker(transaction, work.store, made.made_by);
      if (!is_another) return fail(is_another.error());
      if (*is_another) {
        auto queued =
            enqueue_embedding(transaction, work.store, ids_.object("job"), attempt.now_ms());
        if (!queued) return queued;
      }
      return jobs::queue::report_progress(
          transaction, attempt.lease(), fmt::format(R"({{"chunks":{},"of":{}}})", end, cut.size()));
    };
    auto appended = co_await attempt.write(append);
    if (!appended) co_return fail(appended.error());
  }
  co_return set;
}

// Others come first: while the engine has no room, indexing waits for it.
awaitable<Result<inference::Embeddings>> Indexer::embed(const Work& work,
                                                        std::vector<std::string> texts) {
  std::chrono::milliseconds pause{100}, waited{0};
  while (true) {
    std::vector<std::string> copy = texts;
    auto made = co_await search_.embed(work.embedding_model, std::move(copy), work.store.project,
                                       inference::Priority::Background);
    if (made || made.error().code != ErrorCode::Overloaded ||
        waited >= limits::vector_embedding_wait_max)
      co_return std::move(made);
    co_await base::sleep_for(pause);
    waited += pause;
    pause = std::min(2 * pause, std::chrono::milliseconds(5'000));
  }
}

awaitable<Status> Indexer::complete(jobs::Attempt& attempt, const Work& work, std::int64_t set) {
  auto finish = [&](store::Transaction& transaction) -> Status {
    auto wanted = work.is_wanted(transaction);
    if (!wanted) return fail(wanted.error());
    if (!*wanted) return {};
    auto usage = chunks::usage(transaction, set);
    if (!usage) return fail(usage.error());
    auto settled = vector::files::settle(transaction, work.store, work.file,
                                         {.status = "completed", .usage_bytes = *usage});
    if (!settled) return fail(settled.error());
    return chunks::make_searchable(transaction, set, work.in());
  };
  auto status = co_await attempt.finish(finish);
  co_return status;
}

awaitable<Status> Indexer::give_up(jobs::Attempt& attempt, const Work& work, const Error& error) {
  auto finish = [&](store::Transaction& transaction) -> Status {
    auto wanted = work.is_wanted(transaction);
    if (!wanted) return fail(wanted.error());
    if (!*wanted) return {};
    auto settled = vector::files::settle(
        transaction, work.store, work.file,
        {.status = "failed", .error_code = code_of(error), .error_message = error.message});
    if (!settled) return fail(settled.error());
    return {};
  };
  auto status = co_await attempt.finish(finish);
  co_return status;
}

// How far a store is embedded again; the job's progress.
struct Indexer::Place {
  std::int64_t set = 0, chunks = 0;  // of that set
  std::int64_t last_set = 0;         // those behind it came later, and are as they should be
  std::string made_by;

  static constexpr auto json_fields() {
    return std::tuple{json::field("set", &Place::set), json::field("chunks", &Place::chunks),
                      json::field("last_set", &Place::last_set),
                      json::field("made_by", &Place::made_by)};
  }
};

// Chunks that follow `place`, which moves behind them. False when there are none.
awaitable<Result<bool>> Indexer::embed_some(jobs::Attempt& attempt, const Work& work,
                                            Place& place) {
  std::vector<chunks::NewVector> found;
  std::vector<std::string> texts;
  bool is_end = false;
  auto read = co_await database_.read(files_.pools().store, [&](store::Session& session) -> Status {
    const auto take = [&](const chunks::IndexedChunk& chunk) {
      if (chunk.vector.empty()) return;
      found.push_back({.chunk = chunk.chunk, .vector = {}});
      texts.push_back(text_to_embed(chunk.heading, chunk.body));
    };
    auto read = chunks::each_indexed(session,
                                     {.set = place.set,
                                      .from = static_cast<std::size_t>(place.chunks),
                                      .limit = limits::chunks_per_commit},
                                     take);
    if (!read || !found.empty()) return read;
    auto next = chunks::sets_after(session, work.in(), place.set, 1);
    if (!next) return fail(next.error());
    is_end = next->empty() || next->front() > place.last_set;
    if (!is_end) place = {next->front(), 0, place.last_set, place.made_by};
    return {};
  });
  if (!read) co_return fail(read.error());
  if (found.empty()) co_return !is_end;
  auto made = co_await embed(work, std::move(texts));
  if (!made) co_return fail(made.error());
  if (made->made_by != place.made_by)
    co_return fail(ErrorCode::Conflict, "The model is another one again.");
  for (std::size_t i = 0; i < found.size(); ++i) found[i].vector = std::move(made->vectors[i]);
  place.chunks += static_cast<std::int64_t>(limits::chunks_per_commit);
  auto replace = [&](store::Transaction& transaction) -> Status {
    auto store = vector::stores::get(transaction, work.store, 0);
    if (!store) return fail(store.error());
    if (store->record.embedding_to != place.made_by)
      return fail(ErrorCode::Conflict, "Another job does this for another model.");
    auto status = chunks::replace_vectors(transaction, place.set, found);
    if (!status) return status;
    return jobs::queue::report_progress(transaction, attempt.lease(),
                                        json::dump(json::write(place)));
  };
  auto replaced = co_await attempt.write(replace);
  if (!replaced) co_return fail(replaced.error());
  co_return true;
}

awaitable<Outcome> Indexer::embed_again(jobs::Attempt& attempt) {
  Work work{.store = {attempt.job().project, payload_of(attempt.job()).store},
            .file = {},
            .job = attempt.job().id.value,
            .record = {},
            .embedding_model = {}};
  Place place;
  auto begun =
      co_await database_.read(files_.pools().store, [&](store::Session& session) -> Status {
        auto store = vector::stores::get(session, work.store, 0);
        if (!store) return fail(store.error());
        work.embedding_model = store->record.embedding_model;
        place.made_by = store->record.embedding_to;
        auto last = chunks::last_set(session, work.in());
        if (!last) return fail(last.error());
        place.last_set = *last;
        return {};
      });
  if (!begun && begun.error().code == ErrorCode::NotFound) co_return Outcome::done();
  if (!begun) co_return Outcome::retry(begun.error().message);
  const auto before = json::parse(attempt.job().progress);
  auto reached = before ? json::read<Place>(*before) : Result<Place>(Place{});
  if (reached && reached->made_by == place.made_by) place = std::move(*reached);
  while (!place.made_by.empty()) {
    auto more = co_await embed_some(attempt, work, place);
    if (!more) co_return Outcome::retry(more.error().message);
    if (*more) continue;
    // Before the commit: who reads the rows from now on finds the new vectors, and who has read the
    // old ones does not compare with them.
    search_.indexes().drop(work.in());
    auto end = [&](store::Transaction& transaction) -> Status {
      auto embedded = vector::stores::embedded(transaction, work.store, place.made_by);
      if (!embedded && embedded.error().code != ErrorCode::NotFound) return fail(embedded.error());
      return {};
    };
    auto ended = co_await attempt.finish(end);
    if (!ended) co_return Outcome::retry(ended.error().message);
    search_.indexes().grown(work.in());
    break;
  }
  co_return Outcome::done();
}

awaitable<Outcome> Indexer::clean(jobs::Attempt& attempt) {
  const vector::StoreId store{attempt.job().project, payload_of(attempt.job()).store};
  while (true) {
    chunks::Forgotten forgotten;
    auto some = [&](store::Transaction& transaction) -> Result<bool> {
      auto gone = chunks::forget_gone(transaction, kRemovedPerCommit);
      if (!gone) return fail(gone.error());
      forgotten = std::move(*gone);
      if (forgotten.chunks + forgotten.sets.size() > 0) return true;
      if (store.id.empty()) return false;
      auto left = vector::stores::remove_leftovers(transaction, store, kRemovedPerCommit);
      if (!left) return fail(left.error());
      return *left > 0;
    };
    auto more = co_await attempt.write(some);
    if (!more) co_return Outcome::retry(more.error().message);
    // Mostly the index knows: not of what was hidden because a store's time was over.
    for (const auto& each : forgotten.sets)
      search_.indexes().forget(each.in, std::span(&each.set, 1));
    if (!*more) co_return Outcome::done();
  }
}

}  // namespace api::vector_stores
