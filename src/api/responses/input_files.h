// Reads the files that input refers to: input_file by id, data or address, and pictures by id.
#pragma once

#include <list>
#include <string>

#include "api/common/stored_files.h"
#include "api/items/outside.h"
#include "base/guarded.h"
#include "documents/extractor.h"
#include "http/client.h"

namespace api::responses {

// Lifetime: owned by app. Any thread.
class InputFiles final : public items::PartReader {
 public:
  // The client that fetches for strangers: public addresses only, unless the owner of the server
  // says otherwise.
  static http::ClientOptions client_options(bool allow_private);

  InputFiles(StoredFiles& files, documents::Extractor& extractor, http::Client& client)
      : files_(files), extractor_(extractor), client_(client) {}

  base::awaitable<Result<std::vector<inference::Part>>> read(base::ProjectId project,
                                                             json::Object part,
                                                             std::string path) override;

 private:
  struct File {
    std::string bytes, name, media_type;
  };
  base::awaitable<Result<File>> stored(base::ProjectId project, std::string id);
  base::awaitable<Result<File>> fetch(std::string url);
  base::awaitable<Result<std::string>> text_of(File file);

  // Texts of stored files, which never change: a conversation names the same file in every turn.
  struct Known {
    std::string project, id, name, text;
  };
  std::optional<Known> known(const std::string& project, const std::string& id);
  void remember(Known known);

  StoredFiles& files_;
  documents::Extractor& extractor_;
  http::Client& client_;
  base::Guarded<std::list<Known>> known_;  // the last used first
};

}  // namespace api::responses
