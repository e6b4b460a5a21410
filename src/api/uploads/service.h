// What the Uploads API does, apart from HTTP.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/common/stored_files.h"
#include "api/uploads/upload.h"
#include "base/async.h"
#include "base/ids.h"
#include "base/time.h"
#include "store/db/database.h"

namespace api::uploads {

struct Completed {
  Upload upload;
  StoredFile file;
};

// Any thread. Owned by app through UploadsRoutes.
class UploadsService {
 public:
  UploadsService(store::Database& database, StoredFiles& files, base::IdGenerator& ids,
                 const base::Clock& clock)
      : database_(database), files_(files), ids_(ids), clock_(clock) {}

  // `upload` names what was asked for; id, times and status are set here.
  base::awaitable<Result<Upload>> create(Upload upload);
  // Says before the bytes arrive whether they would be taken.
  base::awaitable<Status> check_open(base::ProjectId project, std::string id);
  base::awaitable<Result<Part>> add_part(base::ProjectId project, std::string id,
                                         blob::Stored contents);

  // Makes the file of the parts in the order given; the parts are gone afterwards. When anything
  // does not match, nothing changes and the client may try again.
  struct Complete {
    base::ProjectId project;
    std::string id;
    std::vector<std::string> part_ids;
    std::optional<std::string> md5;  // hex
  };
  base::awaitable<Result<Completed>> complete(Complete request);
  base::awaitable<Result<Upload>> cancel(base::ProjectId project, std::string id);

  StoredFiles& files() { return files_; }

 private:
  base::awaitable<Result<blob::Stored>> assemble(const std::vector<Part>& parts,
                                                 const std::optional<std::string>& md5);

  store::Database& database_;
  StoredFiles& files_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
};

}  // namespace api::uploads
