#include "documents/zip_archive.h"

#include <zip.h>

namespace documents {
namespace {

struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

std::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorCode::InvalidRequest, "The file could not be parsed: " + what + ".");
}

}  // namespace

void ZipArchive::Close::operator()(zip* archive) const {
  zip_discard(archive);
}

Result<ZipArchive> ZipArchive::open(std::string_view bytes, const ZipLimits& limits) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (!source) return broken("its archive cannot be opened");
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (!archive) {
    zip_source_free(source);
    return broken("its archive is damaged");
  }
  ZipArchive out(archive, limits);
  if (zip_get_num_entries(archive, 0) > static_cast<zip_int64_t>(limits.entries_max))
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return out;
}

bool ZipArchive::has(const std::string& entry) const {
  return zip_name_locate(archive_.get(), entry.c_str(), 0) >= 0;
}

Result<std::string> ZipArchive::read(const std::string& entry) {
  const std::unique_ptr<zip_file_t, CloseEntry> file(zip_fopen(archive_.get(), entry.c_str(), 0));
  if (!file) return broken("a part of it is missing or encrypted");
  std::string out;
  char piece[64 * 1024];
  while (true) {
    const auto n = zip_fread(file.get(), piece, sizeof piece);
    if (n < 0) return broken("a part of it is damaged");
    if (n == 0) return out;
    unpacked_bytes_ += static_cast<std::size_t>(n);
    if (unpacked_bytes_ > limits_.unpacked_bytes_max)
      return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
    out.append(piece, static_cast<std::size_t>(n));
  }
}

std::vector<std::string> ZipArchive::names() const {
  std::vector<std::string> out;
  const auto n = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < n; ++i) {
    if (const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), 0))
      out.emplace_back(name);
  }
  return out;
}

}  // namespace documents
