#include "app/families.h"

#include "api/chat/routes.h"
#include "api/chat/stored_routes.h"
#include "api/completions/routes.h"
#include "api/edits/routes.h"
#include "api/embeddings/routes.h"
#include "api/files/routes.h"
#include "api/uploads/routes.h"

namespace app {

struct Families::All {
  api::StoredFiles stored_files;
  api::models::ModelsRoutes models;
  api::chat::StoredChats stored_chats;
  api::chat::ChatRoutes chat;
  api::chat::StoredChatRoutes chats;
  api::completions::CompletionsRoutes completions;
  api::edits::EditsRoutes edits;
  api::embeddings::EmbeddingsRoutes embeddings;
  api::files::FilesRoutes files;
  api::uploads::UploadsRoutes uploads;

  explicit All(const Parts& p)
      : stored_files(p.database, p.blobs, p.pools, p.ids, p.clock),
        models(p.backends, p.model_remover),
        stored_chats(p.database, p.pools, p.clock, p.retention.chats_seconds),
        chat(p.backends, stored_chats, p.ids, p.clock),
        chats(stored_chats),
        completions(p.backends, p.ids, p.clock),
        edits(p.backends, p.clock),
        embeddings(p.backends),
        files(stored_files),
        uploads(p.database, stored_files, p.ids, p.clock) {}

  void add_to(http::Router& router) {
    models.add_to(router);
    chat.add_to(router);
    chats.add_to(router);
    completions.add_to(router);
    edits.add_to(router);
    embeddings.add_to(router);
    files.add_to(router);
    uploads.add_to(router);
  }
};

Families::Families(Parts parts) : all_(std::make_unique<All>(parts)) {
  all_->add_to(parts.router);
}

Families::~Families() = default;

std::vector<jobs::Handler> Families::job_handlers() {
  return {};
}

// Kinds that are a row with items and events need no line: see jobs::remove_object.
std::vector<jobs::ExpiringKind> Families::expiring_kinds() {
  return {
      {api::StoredFiles::kKind, &api::StoredFiles::remove_in},
      {api::uploads::kPartKind, &api::uploads::remove_part},
  };
}

}  // namespace app
