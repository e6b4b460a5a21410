// What a model can do, from its file's header alone: known before, and without, loading it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

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

// Any thread. Reads each file once (two callers at a time may both), and again when it is another
// one: by time, size or inode.
class AbilitiesOfFiles {
 public:
  Abilities of(const std::string& path) const;
  // What `of` said last; everything is believed of a file that it was not asked about. Never waits.
  Abilities known(const std::string& path) const;

 private:
  // What tells a file from the one that was there before.
  struct Stamp {
    std::int64_t written_ns = 0;  // since 1970
    std::int64_t bytes = 0;
    std::uint64_t inode = 0;

    bool operator==(const Stamp&) const = default;
  };
  struct Known {
    Stamp stamp;
    Abilities abilities;
  };
  mutable base::Guarded<std::map<std::string, Known>> known_;
};

}  // namespace inference::local
