// DELETE /v1/models/{model}: removes an added model's files, and the model from memory.
#pragma once

#include "api/models/routes.h"
#include "app/model_files.h"
#include "base/async.h"
#include "inference/local/backend.h"

namespace app {

class RemoveFiles final : public api::models::ModelRemover {
 public:
  RemoveFiles(ModelFiles& files, inference::local::LocalBackend& local, base::Pools& pools)
      : files_(files), local_(local), pools_(pools) {}

  base::awaitable<Status> remove(std::string model) override {
    local_.forget(model);
    auto status =
        co_await base::on_pool(pools_.store, [this, &model] { return files_.remove(model); });
    co_return status;
  }

 private:
  ModelFiles& files_;
  inference::local::LocalBackend& local_;
  base::Pools& pools_;
};

}  // namespace app
