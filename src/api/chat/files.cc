#include "api/chat/files.h"

#include <fmt/format.h>

#include "api/common/api_error.h"

namespace api::chat {
namespace {

// As Responses has it, which the reader reads.
json::Object input_file(const InputFile& file) {
  json::Object part{{"type", "input_file"}};
  if (file.file_id) part["file_id"] = *file.file_id;
  if (file.file_data) part["file_data"] = *file.file_data;
  if (file.filename) part["filename"] = *file.filename;
  return part;
}

}  // namespace

base::awaitable<> read_files(items::PartReader& reader, base::ProjectId project,
                             CreateRequest& request) {
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    Message& message = request.messages[i];
    if (message.role != "user" || !message.content) continue;
    for (std::size_t j = 0; j < message.content->parts.size(); ++j) {
      ContentPart& part = message.content->parts[j];
      if (part.type != "file" || !part.file) continue;
      const std::string path = fmt::format("messages[{}].content[{}].file", i, j);
      if (part.file->file_id.value_or("").empty() && part.file->file_data.value_or("").empty()) {
        reject(ErrorCode::InvalidRequest,
               fmt::format("Missing required parameter: '{}.file_id'.", path), path + ".file_id",
               "missing_required_parameter");
      }
      json::Object given = input_file(*part.file);
      auto read = co_await reader.read(project, std::move(given), path);
      ContentPart text{.type = "text",
                       .text = std::string(),
                       .refusal = {},
                       .image_url = {},
                       .input_audio = {},
                       .file = {}};
      for (const inference::Part& each : or_throw(std::move(read))) {
        if (const auto* piece = std::get_if<inference::TextPart>(&each)) *text.text += piece->text;
      }
      part = std::move(text);
    }
  }
}

}  // namespace api::chat
