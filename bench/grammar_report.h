// What the grammar benchmark measures, per dataset and in all.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/json/value.h"

namespace bench {

struct GrammarFigures {
  std::size_t files = 0;
  std::size_t passing = 0;
  std::size_t refused = 0;           // the schema was refused with an error
  std::size_t wrongly_accepted = 0;  // files with an invalid instance that got through
  std::size_t wrongly_refused = 0;   // files with a valid instance that did not
  std::size_t tokens = 0;
  std::vector<float> mask_us;
  std::vector<float> compile_us;

  void add(const GrammarFigures& other);
};

json::Object to_json(GrammarFigures& figures);
void print_table(std::map<std::string, GrammarFigures>& by_dataset);

}  // namespace bench
