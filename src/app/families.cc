#include "app/families.h"

#include "api/chat/routes.h"
#include "api/completions/routes.h"
#include "api/edits/routes.h"
#include "api/embeddings/routes.h"
#include "api/files/routes.h"

namespace app {

struct Families::All {
  api::StoredFiles stored_files;
  api::models::ModelsRoutes models;
  api::chat::ChatRoutes chat;
  api::completions::CompletionsRoutes completions;
  api::edits::EditsRoutes edits;
  api::embeddings::EmbeddingsRoutes embeddings;
  api::files::FilesRoutes files;

  explicit All(const Parts& p)
      : stored_files(p.database, p.blobs, p.pools, p.ids, p.clock),
        models(p.backends, p.model_remover),
        chat(p.backends, p.ids, p.clock),
        completions(p.backends, p.ids, p.clock),
        edits(p.backends, p.clock),
        embeddings(p.backends),
        files(stored_files) {}

  void add_to(http::Router& router) {
    models.add_to(router);
    chat.add_to(router);
    completions.add_to(router);
    edits.add_to(router);
    embeddings.add_to(router);
    files.add_to(router);
  }
};

Families::Families(Parts parts) : all_(std::make_unique<All>(parts)) {
  all_->add_to(parts.router);
}

Families::~Families() = default;

std::vector<jobs::Handler> Families::job_handlers() {
  return {};
}

}  // namespace app
