// Which kind of document a file is: by its contents first, then its name, then its media type.
#pragma once

#include <string_view>

#include "base/error.h"

namespace documents {

enum class Format { Text, Markdown, Html, Pdf, Docx, Pptx, Xlsx, Epub, Csv, Rtf, Email };

struct FileName {
  std::string_view name = {};        // data, never a path; may be empty
  std::string_view media_type = {};  // may be empty
};

// Unsupported for what has no text that could be read here (pictures, old Office files, programs).
Result<Format> detect(std::string_view bytes, const FileName& file);

const char* name(Format format);

}  // namespace documents
