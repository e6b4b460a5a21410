#include "inference/local/grammar_cache.h"

#include <algorithm>

namespace inference::local {
namespace {

constexpr std::size_t kEntryBytes = 512;  // of the entry itself, and of a refusal

}  // namespace

std::size_t GrammarCache::size_of(const Entry& entry) {
  const std::size_t grammar = *entry.compiled ? (**entry.compiled)->bytes() : 0;
  return entry.key.size() + kEntryBytes + grammar;
}

// Grammars grow while they are used.
void GrammarCache::measure(State& state, Project& project, Entry& entry) {
  const std::size_t now = size_of(entry);
  state.bytes += now - entry.bytes;
  project.bytes += now - entry.bytes;
  entry.bytes = now;
}

void GrammarCache::erase(State& state, const std::string& name, std::list<Entry>::iterator entry) {
  Project& project = state.projects.at(name);
  state.bytes -= entry->bytes;
  project.bytes -= entry->bytes;
  project.entries.erase(entry);
  if (project.entries.empty()) state.projects.erase(name);
}

void GrammarCache::shrink(State& state) const {
  while (state.bytes > bytes_max_) {
    const auto largest = std::ranges::max_element(
        state.projects, {}, [](const auto& project) { return project.second.bytes; });
    erase(state, std::string(largest->first), std::prev(largest->second.entries.end()));
  }
}

std::shared_ptr<const GrammarCache::Compiled> GrammarCache::find(const std::string& project,
                                                                 const std::string& key) {
  return state_.with([&](State& state) -> std::shared_ptr<const Compiled> {
    const auto known = state.projects.find(project);
    if (known == state.projects.end()) return nullptr;
    auto& entries = known->second.entries;
    const auto found = std::ranges::find(entries, key, &Entry::key);
    if (found == entries.end()) return nullptr;
    if (*found->compiled && (**found->compiled)->exhausted()) {
      erase(state, project, found);
      return nullptr;
    }
    entries.splice(entries.begin(), entries, found);
    measure(state, known->second, entries.front());
    auto compiled = entries.front().compiled;
    shrink(state);
    return compiled;
  });
}

void GrammarCache::add(const std::string& project, const std::string& key, Compiled compiled) {
  state_.with([&](State& state) {
    Project& owner = state.projects[project];
    const auto same = std::ranges::find(owner.entries, key, &Entry::key);
    if (same != owner.entries.end()) return;  // somebody was faster
    owner.entries.push_front(
        {.key = key, .compiled = std::make_shared<const Compiled>(std::move(compiled))});
    measure(state, owner, owner.entries.front());
    shrink(state);
  });
}

std::size_t GrammarCache::bytes() const {
  return state_.with([](const State& state) { return state.bytes; });
}

std::size_t GrammarCache::size() const {
  return state_.with([](const State& state) {
    std::size_t n = 0;
    for (const auto& [name, project] : state.projects) n += project.entries.size();
    return n;
  });
}

}  // namespace inference::local
