// The GGUF files this installation can serve: the built-in model, those that were added or pulled
// into the data directory, and those named in the configuration. LoRA adapters are models too, each
// beside the model that it changes; in the data directory their files are named NAME@BASE.lora.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "inference/local/abilities.h"

namespace app {

struct ModelFile {
  std::string id;  // what requests name: the file's name without .gguf
  std::string path;
  std::string base = {};     // of an adapter: the id of the model that it changes
  std::int64_t created = 0;  // Unix seconds: when the file was written
  std::uint64_t bytes = 0;
  bool built_in = false;
  bool removable = false;  // added to the data directory, so it can be removed again
};

// Any thread; looks at the directory afresh at each call, so models added meanwhile are seen.
class ModelFiles {
 public:
  // `adapters`: NAME@BASE=PATH each; what is not written like that is left out.
  ModelFiles(std::string data_directory, std::vector<std::string> configured,
             std::vector<std::string> adapters = {});

  // The built-in one first, then by name. Of a split file only the first part is listed.
  std::vector<ModelFile> list() const;
  Result<ModelFile> find(const std::string& id) const;
  // The model that an adapter changes, any other model itself.
  Result<ModelFile> base_of(const ModelFile& model) const;
  // The model to talk to when none is named: the first of the list that makes text.
  Result<ModelFile> default_model(const std::string& configured_id) const;

  struct AddOptions {
    std::string path;
    std::string id;         // empty: the file's name
    bool link = false;      // a symbolic link instead of a copy
    std::string base = {};  // adds an adapter of this model
  };
  // Checks that the file is a GGUF model, or adapter, before it copies it.
  Result<ModelFile> add(const AddOptions& options);
  // Takes over a finished download in `directory()`: checks it and gives it its name.
  Result<ModelFile> adopt(const std::string& path, const std::string& id);
  // NotFound, or PermissionDenied for one that was not added.
  Status remove(const std::string& id);

  // Where added models lie; made if absent.
  const std::string& directory() const { return directory_; }

 private:
  Status check_kind(const gguf::File& file, const AddOptions& options) const;
  Status check_base(const std::string& id) const;
  // Each file with the place it gets.
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> files_to_add(
      const AddOptions& options, const std::string& id) const;

  std::string directory_;
  std::vector<std::string> configured_;
  std::vector<std::string> adapters_;
  inference::local::AbilitiesOfFiles abilities_;
};

// Letters, digits, '.', '-', '_', ':' - what a model id may consist of.
bool is_model_id(const std::string& id);

}  // namespace app
