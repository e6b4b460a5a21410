// DELETE /v1/models/{model}: removes an added model's files.
#pragma once

#include "api/models/routes.h"
#include "app/model_files.h"
#include "base/async.h"

namespace app {

class RemoveFiles final : public api::models::ModelRemover {
 public:
  RemoveFiles(ModelFiles& files, base::Pools& pools) : files_(files), pools_(pools) {}

  base::awaitable<Status> remove(std::string model) override {
    auto status =
        co_await base::on_pool(pools_.store, [this, &model] { return files_.remove(model); });
    co_return status;
  }

 private:
  ModelFiles& files_;
  base::Pools& pools_;
};

}  // namespace app
