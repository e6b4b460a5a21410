// What the Office formats share: relationships between the parts of a package (ECMA-376 part 2).
#pragma once

#include <map>
#include <string>

#include "documents/zip_archive.h"

namespace documents {

struct Relationship {
  std::string type;    // last word of its URI: "slide", "notesSlide", "worksheet"
  std::string target;  // entry name in the archive
};

// By id. Empty when the part has none.
Result<std::map<std::string, Relationship>> relationships(ZipArchive& archive,
                                                          const std::string& part);

// "xl/worksheets/../sharedStrings.xml" as the archive names it.
std::string resolve_part(const std::string& from, const std::string& target);

}  // namespace documents
