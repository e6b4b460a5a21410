#include "app/families.h"

#include "api/batches/routes.h"
#include "api/chat/routes.h"
#include "api/chat/stored_routes.h"
#include "api/completions/routes.h"
#include "api/conversations/routes.h"
#include "api/edits/routes.h"
#include "api/embeddings/routes.h"
#include "api/files/routes.h"
#include "api/responses/input_files.h"
#include "api/responses/routes.h"
#include "api/uploads/routes.h"
#include "api/vector_stores/routes.h"
#include "tools/file_search.h"
#include "webhooks/announce.h"
#include "webhooks/delivery.h"

namespace app {

struct Families::All {
  api::StoredFiles stored_files;
  documents::Extractor extractor;
  http::Client fetcher;
  api::responses::InputFiles input_files;
  webhooks::Announcer announcer;
  webhooks::Deliveries deliveries;
  api::models::ModelsRoutes models;
  api::chat::StoredChats stored_chats;
  api::chat::ChatRoutes chat;
  api::chat::StoredChatRoutes chats;
  api::completions::CompletionsRoutes completions;
  api::conversations::ConversationsRoutes conversations;
  api::edits::EditsRoutes edits;
  api::embeddings::EmbeddingsRoutes embeddings;
  api::files::FilesRoutes files;
  vector::Indexes indexes;
  vector::Search search;
  tools::Registry tools;
  api::items::AesSealer sealer;
  api::responses::ResponsesRoutes responses;
  api::uploads::UploadsRoutes uploads;
  api::batches::BatchService batch_service;
  api::batches::BatchesRoutes batches;
  api::vector_stores::VectorStoresRoutes vector_stores;

  explicit All(const Parts& p)
      : stored_files(p.database, p.blobs, p.pools, p.ids, p.clock),
        fetcher(p.executor,
                api::responses::InputFiles::client_options(p.config.fetch.allow_private)),
        input_files(stored_files, extractor, fetcher),
        announcer(p.ids, p.clock),
        deliveries(p.database, p.pools, p.clock, p.executor,
                   {.allow_private = p.config.webhooks.allow_private}),
        models(p.backends, p.model_remover),
        stored_chats(p.database, p.pools, p.clock, p.retention.chats_seconds),
        chat(p.backends, stored_chats, input_files, p.ids, p.clock),
        chats(stored_chats),
        completions(p.backends, p.ids, p.clock),
        conversations(p.database, p.pools, p.ids, p.clock),
        edits(p.backends, p.clock),
        embeddings(p.backends),
        files(stored_files),
        indexes(p.database, p.blobs, p.clock),
        search(p.database, p.pools, p.backends, indexes, p.clock,
               {.ranker = &p.ranker, .model = p.config.models.reranker}),
        sealer(p.sealing_key, p.ids.random()),
        responses({.database = p.database,
                   .pools = p.pools,
                   .backend = p.backends,
                   .ids = p.ids,
                   .clock = p.clock,
                   .doorbell = p.doorbell,
                   .tools = tools,
                   .announcer = announcer,
                   .outside = {.parts = &input_files, .sealer = &sealer},
                   .seconds_kept = p.retention.responses_seconds}),
        uploads(p.database, stored_files, p.ids, p.clock),
        batch_service({.database = p.database,
                       .blobs = p.blobs,
                       .pools = p.pools,
                       .files = stored_files,
                       .backend = p.backends,
                       .router = p.router,
                       .doorbell = p.doorbell,
                       .announcer = announcer,
                       .activity = p.activity,
                       .ids = p.ids,
                       .clock = p.clock},
                      {.window_seconds = p.config.batches.window_seconds}),
        batches(batch_service),
        vector_stores({.database = p.database,
                       .files = stored_files,
                       .search = search,
                       .ids = p.ids,
                       .clock = p.clock,
                       .doorbell = p.doorbell,
                       .embedding_model = p.config.models.embedding_model},
                      extractor) {
    tools.add("file_search", std::make_unique<tools::FileSearch>(
                                 search, p.backends,
                                 tools::FileSearch::Options{.small_models = {"parlance-mini"}}));
  }

  void add_to(http::Router& router) {
    models.add_to(router);
    chat.add_to(router);
    chats.add_to(router);
    completions.add_to(router);
    conversations.add_to(router);
    edits.add_to(router);
    embeddings.add_to(router);
    files.add_to(router);
    responses.add_to(router);
    uploads.add_to(router);
    batches.add_to(router);
    vector_stores.add_to(router);
  }
};

Families::Families(Parts parts) : all_(std::make_unique<All>(parts)) {
  all_->add_to(parts.router);
}

Families::~Families() = default;

std::vector<jobs::Handler> Families::job_handlers() {
  std::vector<jobs::Handler> all = all_->batch_service.job_handlers();
  all.push_back(all_->deliveries.handler());
  all.push_back(all_->responses.job_handler());
  for (auto& handler : all_->vector_stores.job_handlers()) all.push_back(std::move(handler));
  return all;
}

// Kinds that are a row with items and events need no line: see jobs::remove_object.
std::vector<jobs::ExpiringKind> Families::expiring_kinds() {
  return {
      {api::StoredFiles::kKind,
       [files = &all_->stored_files](store::Transaction& transaction, const store::DocumentKey& key,
                                     std::int64_t now) {
         std::function<void()> later;  // the cleaning job does the same
         return files->remove_in(transaction, key, now, later);
       }},
      {api::uploads::kPartKind, &api::uploads::remove_part},
      {api::responses::records::kKind, &api::responses::records::remove_document},
      {vector::kStoreKind, [stores = &all_->vector_stores.service()](
                               store::Transaction& transaction, const store::DocumentKey& key,
                               std::int64_t now) { return stores->expire(transaction, key, now); }},
  };
}

}  // namespace app
