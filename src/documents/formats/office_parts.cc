#include "documents/formats/office_parts.h"

#include <vector>

#include "documents/xml.h"

namespace documents {

std::string resolve_part(const std::string& from, const std::string& target) {
  if (target.starts_with('/')) return target.substr(1);
  std::vector<std::string> parts;
  const auto add = [&](const std::string& path) {
    std::size_t begin = 0;
    while (begin <= path.size()) {
      const auto end = std::min(path.find('/', begin), path.size());
      const std::string part = path.substr(begin, end - begin);
      if (part == "..") {
        if (!parts.empty()) parts.pop_back();
      } else if (!part.empty() && part != ".") {
        parts.push_back(part);
      }
      begin = end + 1;
    }
  };
  const auto slash = from.rfind('/');
  if (slash != std::string::npos) add(from.substr(0, slash));
  add(target);
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : "/") + part;
  return out;
}

Result<std::map<std::string, Relationship>> relationships(ZipArchive& archive,
                                                          const std::string& part) {
  std::map<std::string, Relationship> out;
  const auto slash = part.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : part.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? part : part.substr(slash + 1);
  const std::string entry = folder + "_rels/" + name + ".rels";
  if (!archive.has(entry)) return out;
  auto xml = archive.read(entry);
  if (!xml) return fail(xml.error());
  XmlReader reader(*xml);
  while (reader.next()) {
    if (!reader.opens("Relationship") || reader.attribute("TargetMode") == "External") continue;
    const auto type = reader.attribute("Type");
    out[reader.attribute("Id")] = {.type = type.substr(type.rfind('/') + 1),
                                   .target = resolve_part(part, reader.attribute("Target"))};
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  return out;
}

}  // namespace documents
