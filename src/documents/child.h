// The process that reads one document: input from its standard input (a file), the answer as JSON
// on its standard output, nothing else. Started by Extractor, never by a person.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "documents/document.h"
#include "documents/format.h"

namespace documents {

inline constexpr const char* kChildCommand = "extract-document";

// `PROGRAM extract-document NAME MEDIA-TYPE`: enters the sandbox, reads, answers, ends the process.
[[noreturn]] void run_child(const FileName& file);

// The answer's two ends.
std::string write_answer(const Result<Document>& result);
Result<Document> read_answer(std::string_view answer);

}  // namespace documents
