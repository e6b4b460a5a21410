#include "app/model_files.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "compute/gguf/file.h"

namespace app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAdapterExtension = ".lora";

std::string id_of(const fs::path& path) {
  std::string stem = path.stem().string();
  // "name-00001-of-00003.gguf" is the first part of a split model.
  const auto of = stem.rfind("-of-");
  if (of != stem.npos && of >= 6 && stem.substr(of - 6, 6).starts_with("-0")) stem.resize(of - 6);
  return stem;
}

bool is_later_part(const fs::path& path) {
  const std::string stem = path.stem().string();
  const auto of = stem.rfind("-of-");
  return of != stem.npos && of >= 6 && stem.substr(of - 5, 5) != "00001";
}

// Each file of a model with the name it gets as `target`: one, or all parts of a split one.
std::vector<std::pair<fs::path, fs::path>> parts_of(const fs::path& path, const fs::path& target) {
  const std::string stem = path.stem().string();
  const auto of = stem.rfind("-of-");
  if (of == stem.npos || of < 6) return {{path, target.string() + ".gguf"}};
  std::vector<std::pair<fs::path, fs::path>> out;
  const int count = std::atoi(stem.c_str() + of + 4);
  for (int part = 1; part <= count; ++part) {
    const std::string suffix = fmt::format("-{:05}-of-{:05}.gguf", part, count);
    out.emplace_back(path.parent_path() / (stem.substr(0, of - 6) + suffix),
                     target.string() + suffix);
  }
  return out;
}

std::int64_t written_at(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return 0;
  return std::chrono::floor<std::chrono::seconds>(std::chrono::file_clock::to_sys(time))
      .time_since_epoch()
      .count();
}

void append_directory(const fs::path& directory, bool removable, std::vector<ModelFile>& out) {
  std::error_code error;
  std::vector<ModelFile> found;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const fs::path& path = entry.path();
    std::error_code ignored;
    if (path.extension() != ".gguf" || is_later_part(path) || !fs::is_regular_file(path, ignored))
      continue;
    found.push_back({.id = id_of(path),
                     .path = path.string(),
                     .created = written_at(path),
                     .bytes = fs::file_size(path, ignored),
                     .built_in = !removable,
                     .removable = removable});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  out.insert(out.end(), found.begin(), found.end());
}

// "NAME@BASE", as adapters' files are named; the id is empty when it is not that.
ModelFile named_adapter(const std::string& name) {
  const auto at = name.find('@');
  if (at == name.npos) return {};
  ModelFile model{.id = name.substr(0, at), .path = {}, .base = name.substr(at + 1)};
  return is_model_id(model.id) && is_model_id(model.base) ? model : ModelFile();
}

void append_adapters(const fs::path& directory, std::vector<ModelFile>& out) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() != kAdapterExtension) continue;
    auto model = named_adapter(entry.path().stem().string());
    if (model.id.empty()) continue;
    std::error_code ignored;
    model.path = entry.path().string();
    model.created = written_at(entry.path());
    model.bytes = fs::file_size(entry.path(), ignored);
    model.removable = true;
    out.push_back(std::move(model));
  }
}

// "NAME@BASE=PATH"
void append_configured_adapter(const std::string& entry, std::vector<ModelFile>& out) {
  const auto equals = entry.find('=');
  auto model = named_adapter(entry.substr(0, equals));
  if (equals == entry.npos || model.id.empty()) return;
  std::error_code ignored;
  model.path = entry.substr(equals + 1);
  model.created = written_at(model.path);
  model.bytes = fs::file_size(model.path, ignored);
  out.push_back(std::move(model));
}

bool is_adapter(const gguf::File& file) {
  const auto type = file.find_or<std::string>("general.type", "");
  return type && *type == "adapter";
}

// Where the built-in models lie: beside an installed program, else in the source tree it was built
// from.
fs::path built_in_directory() {
  if (const char* set = std::getenv("PARLANCE_BUILT_IN_MODELS")) return set;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed = program.parent_path() / "../share/parlance/models";
  if (!error && fs::is_directory(installed, error)) return installed;
  return PARLANCE_MODELS;
}

}  // namespace

bool is_model_id(const std::string& id) {
  return !id.empty() && id.size() <= 128 && id[0] != '.' &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
         });
}

ModelFiles::ModelFiles(std::string data_directory, std::vector<std::string> configured,
                       std::vector<std::string> adapters)
    : directory_(std::move(data_directory) + "/models"),
      configured_(std::move(configured)),
      adapters_(std::move(adapters)) {}

std::vector<ModelFile> ModelFiles::list() const {
  std::vector<ModelFile> out;
  append_directory(built_in_directory(), false, out);
  for (const std::string& path : configured_) {
    std::error_code ignored;
    out.push_back({.id = id_of(path),
                   .path = path,
                   .created = written_at(path),
                   .bytes = fs::file_size(path, ignored)});
  }
  append_directory(directory_, true, out);
  for (const std::string& entry : adapters_) append_configured_adapter(entry, out);
  append_adapters(directory_, out);
  // The first of a name wins.
  std::vector<ModelFile> unique;
  for (auto& model : out) {
    const bool seen = std::any_of(unique.begin(), unique.end(),
                                  [&](const auto& other) { return other.id == model.id; });
    if (!seen) unique.push_back(std::move(model));
  }
  return unique;
}

Result<ModelFile> ModelFiles::find(const std::string& id) const {
  for (auto& model : list()) {
    if (model.id == id) return model;
  }
  return fail(ErrorCode::NotFound,
              fmt::format("There is no model '{}' here. `parlance models` lists them.", id));
}

Result<ModelFile> ModelFiles::base_of(const ModelFile& model) const {
  return model.base.empty() ? Result<ModelFile>(model) : find(model.base);
}

Result<ModelFile> ModelFiles::default_model(const std::string& configured_id) const {
  if (!configured_id.empty()) return find(configured_id);
  // A file named on the command line is what its user wants to talk to.
  if (!configured_.empty()) return find(id_of(configured_.front()));
  for (auto& model : list()) {
    if (abilities_.of(model.path).generates) return std::move(model);
  }
  return fail(ErrorCode::NotFound,
              "There is no model. Add one: parlance add FILE.gguf, or parlance pull URL.");
}

// An adapter needs a base model, a model has none.
Status ModelFiles::check_kind(const gguf::File& file, const AddOptions& options) const {
  if (is_adapter(file) != options.base.empty()) return check_base(options.base);
  return fail(
      ErrorCode::InvalidRequest,
      options.base.empty()
          ? "This is a LoRA adapter. Add it to the model it was made for: parlance add MODEL "
            "--lora FILE --name NAME"
          : "The file is not a LoRA adapter.");
}

Status ModelFiles::check_base(const std::string& id) const {
  if (id.empty()) return {};
  const auto base = find(id);
  if (!base) return fail(base.error());
  if (base->base.empty()) return {};
  return fail(ErrorCode::InvalidRequest, fmt::format("'{}' is an adapter itself.", id));
}

std::vector<std::pair<std::filesystem::path, std::filesystem::path>> ModelFiles::files_to_add(
    const AddOptions& options, const std::string& id) const {
  const auto folder = fs::path(directory_);
  if (options.base.empty()) return parts_of(options.path, folder / id);
  return {{options.path, folder / (id + "@" + options.base + kAdapterExtension)}};
}

Result<ModelFile> ModelFiles::add(const AddOptions& options) {
  auto opened = gguf::File::open(options.path);
  if (!opened) return fail(opened.error());

  if (auto fits = check_kind(*opened, options); !fits) return fail(fits.error());
  const std::string id = options.id.empty() ? id_of(options.path) : options.id;
  if (!is_model_id(id)) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("'{}' cannot be a model's name: letters, digits, '.', '-', '_' and ':' "
                            "only. Give one with "
                            "--name.",
                            id));
  }
  if (find(id))
    return fail(ErrorCode::Conflict,
                fmt::format("There is a model '{}' already. Give another --name.", id));

  std::error_code error;
  fs::create_directories(directory_, error);
  for (const auto& [source, target] : files_to_add(options, id)) {
    if (error) break;
    if (options.link) {
      fs::create_symlink(fs::absolute(source), target, error);
      continue;
    }
    const fs::path partial = target.string() + ".partial";
    fs::copy_file(source, partial, fs::copy_options::overwrite_existing, error);
    if (!error) fs::rename(partial, target, error);
  }
  if (error) {
    return fail(ErrorCode::StorageFailed, fmt::format("The model could not be stored in {}: {}",
                                                      directory_, error.message()));
  }
  return find(id);
}

Result<ModelFile> ModelFiles::adopt(const std::string& path, const std::string& id) {
  if (!is_model_id(id))
    return fail(ErrorCode::InvalidRequest, fmt::format("'{}' cannot be a model's name", id));
  auto opened = gguf::File::open(path);
  if (!opened) return fail(opened.error());
  std::error_code error;
  fs::rename(path, fs::path(directory_) / (id + ".gguf"), error);
  if (error)
    return fail(ErrorCode::StorageFailed, "the model could not be stored: " + error.message());
  return find(id);
}

Status ModelFiles::remove(const std::string& id) {
  auto model = find(id);
  if (!model) return fail(model.error());
  if (!model->removable) {
    return fail(ErrorCode::PermissionDenied,
                fmt::format("The model '{}' was not added, so it cannot be removed.", id));
  }
  std::error_code error;
  if (!model->base.empty()) {
    fs::remove(model->path, error);
  } else {
    for (const auto& [source, target] : parts_of(model->path, fs::path(directory_) / id))
      fs::remove(source, error);
  }
  if (error)
    return fail(ErrorCode::StorageFailed,
                "The model's file could not be removed: " + error.message());
  return {};
}

}  // namespace app
