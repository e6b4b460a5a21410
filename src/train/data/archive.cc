#include "train/data/archive.h"

#include <cstdio>
#include <memory>

namespace train {

namespace {

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Result<std::string> Archives::read(const std::string& name, const std::string& member,
                                   std::size_t bytes_max) const {
  const std::string file = (folder_ / (name + ".tar.xz")).string();
  const std::string command =
      "tar -xJOf " + shell_quoted(file) + " " + shell_quoted(name + "/" + member) + " 2>/dev/null";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return fail(ErrorCode::StorageFailed, "cannot run tar");
  std::string text;
  std::string block(1 << 16, '\0');
  while (text.size() < bytes_max) {
    const std::size_t got = std::fread(block.data(), 1, block.size(), pipe.get());
    if (got == 0) break;
    text.append(block, 0, got);
  }
  if (text.empty()) return fail(ErrorCode::NotFound, "no " + member + " in " + file);
  if (text.size() > bytes_max) text.resize(bytes_max);
  return text;
}

void each_line(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

Status Archives::each_json_line(const std::string& name, const std::string& member,
                                const std::function<void(const json::Object&)>& visit) const {
  auto text = read(name, member);
  if (!text) return fail(text.error());
  Status status;
  each_line(*text, [&](std::string_view line) {
    if (!status || line.empty()) return;
    const auto value = json::parse(line);
    if (!value || !value->is_object())
      status = fail(ErrorCode::CorruptData, name + "/" + member + ": a line is no JSON object");
    else
      visit(value->get_object());
  });
  return status;
}

}  // namespace train
