// Compiled grammars by what they were compiled from, within a bound of bytes.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/guarded.h"
#include "engine/grammar/grammar.h"

namespace inference::local {

// Any thread. Projects share nothing: one cannot tell by the time it takes what another has
// compiled. Refusals are kept too, so that a schema that is too costly costs once.
class GrammarCache {
 public:
  using Compiled = Result<std::shared_ptr<const engine::grammar::Grammar>>;

  explicit GrammarCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null when it is not there, or has grown to its limits and had better be made anew.
  std::shared_ptr<const Compiled> find(const std::string& project, const std::string& key);
  // Over the bound, the project that holds most gives up what it has not used for longest.
  void add(const std::string& project, const std::string& key, Compiled compiled);

  std::size_t bytes() const;
  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Compiled> compiled;  // shared with those who are using it
    std::size_t bytes = 0;
  };
  struct Project {
    std::list<Entry> entries;  // the latest used first
    std::size_t bytes = 0;
  };
  struct State {
    std::map<std::string, Project> projects;
    std::size_t bytes = 0;
  };

  static std::size_t size_of(const Entry& entry);
  static void measure(State& state, Project& project, Entry& entry);
  static void erase(State& state, const std::string& project, std::list<Entry>::iterator entry);
  void shrink(State& state) const;

  std::size_t bytes_max_;
  base::Guarded<State> state_;
};

}  // namespace inference::local
