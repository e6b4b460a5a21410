// The table of what was compared with reference results.
#pragma once

#include <string>
#include <vector>

namespace engine::golden {

enum class Verdict { Equal, Within, Wrong, NotCovered };

struct Row {
  std::string section;  // "architectures", "quants"...
  std::string name;     // what was compared
  Verdict verdict = Verdict::NotCovered;
  std::string detail = {};  // how close, or what went wrong
};

using Report = std::vector<Row>;

bool anything_wrong(const Report& report);
std::string as_text(const Report& report);
std::string as_markdown(const Report& report);

}  // namespace engine::golden
