// What a model can do, from its file's header alone: known before, and without, loading it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/guarded.h"

namespace inference::local {

struct Abilities {
  bool generates = true;  // text, hence chats too
  bool embeds = true;     // made for it; others do it when they are asked by name

  bool operator==(const Abilities&) const = default;
};

// Of a file that cannot be read or is of an unknown kind everything is believed: loading it says
// what is wrong.
Abilities read_abilities(const std::string& path);

// Any thread. Reads each file once, and again when it was written anew.
class AbilitiesOfFiles {
 public:
  Abilities of(const std::string& path, std::int64_t written_at) const;

 private:
  mutable base::Guarded<std::map<std::string, std::pair<std::int64_t, Abilities>>> known_;
};

}  // namespace inference::local
