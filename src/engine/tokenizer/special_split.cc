#include "engine/tokenizer/special_split.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace engine::tokenizer {
namespace {

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Replaces every occurrence of `token` in one fragment of text.
void cut(const Fragment& fragment, TokenId token, const TokenEntry& entry,
         std::vector<Fragment>& out) {
  std::string_view rest = fragment.text;
  while (!rest.empty()) {
    const std::size_t found = rest.find(entry.text);
    if (found == std::string_view::npos) {
      out.push_back({kNoToken, rest});
      return;
    }
    std::string_view left = rest.substr(0, found);
    rest.remove_prefix(found + entry.text.size());
    if (entry.attributes & kStripsLeft) {
      while (!left.empty() && is_ascii_space(left.back())) left.remove_suffix(1);
    }
    if (entry.attributes & kStripsRight) {
      while (!rest.empty() && is_ascii_space(rest.front())) rest.remove_prefix(1);
    }
    if (!left.empty()) out.push_back({kNoToken, left});
    out.push_back({token, {}});
  }
}

}  // namespace

SpecialSplitter::SpecialSplitter(const Vocabulary& vocabulary)
    : vocabulary_(vocabulary),
      user_defined_(collect(kUserDefined)),
      all_(collect(kControl | kUserDefined | kUnknown)) {}

SpecialSplitter::Set SpecialSplitter::collect(std::uint16_t attributes) const {
  Set set;
  for (TokenId id = 0; vocabulary_.has(id); ++id) {
    if (!vocabulary_.is(id, attributes)) continue;
    // What is control besides user-defined waits for parse_special.
    if (attributes == kUserDefined && vocabulary_.is(id, kControl | kUnknown)) continue;
    set.tokens.push_back(id);
  }
  std::ranges::stable_sort(set.tokens, std::greater<>(),
                           [&](TokenId id) { return vocabulary_[id].text.size(); });
  for (std::size_t i = 0; i < set.tokens.size(); ++i) {
    const std::string_view text = vocabulary_[set.tokens[i]].text;
    set.trie.insert(text, static_cast<std::int32_t>(i));
    set.starts[static_cast<unsigned char>(text[0])] = true;
  }
  return set;
}

// Where each special token occurs first and last. Most texts have none or a few, so that looking
// for them one by one afterwards, within these bounds, is cheap.
std::vector<SpecialSplitter::Occurrences> SpecialSplitter::scan(const Set& set,
                                                                std::string_view text) {
  std::vector<Occurrences> found(set.tokens.size());
  for (std::size_t start = 0; start < text.size(); ++start) {
    if (!set.starts[static_cast<unsigned char>(text[start])]) continue;
    Trie::Node node = set.trie.step(Trie::kRoot, text[start]);
    for (std::size_t i = start + 1; node != Trie::kNone; ++i) {
      if (const auto index = set.trie.value(node); index != Trie::kNoValue) {
        Occurrences& here = found[static_cast<std::size_t>(index)];
        if (!here.any) here.first = start;
        here.last = start;
        here.any = true;
      }
      if (i == text.size()) break;
      node = set.trie.step(node, text[i]);
    }
  }
  return found;
}

std::vector<Fragment> SpecialSplitter::split(std::string_view text, bool parse_special) const {
  if (text.empty()) return {};
  const Set& set = parse_special ? all_ : user_defined_;
  std::vector<Fragment> fragments = {{kNoToken, text}};
  if (set.tokens.empty()) return fragments;
  const std::vector<Occurrences> occurrences = scan(set, text);
  std::vector<Fragment> next;
  for (std::size_t i = 0; i < set.tokens.size(); ++i) {
    if (!occurrences[i].any) continue;
    const char* first = text.data() + occurrences[i].first;
    const char* last = text.data() + occurrences[i].last;
    next.clear();
    for (const Fragment& fragment : fragments) {
      const std::string_view part = fragment.text;
      const bool may_have_it =
          fragment.token == kNoToken && part.data() <= last && part.data() + part.size() > first;
      if (may_have_it) {
        cut(fragment, set.tokens[i], vocabulary_[set.tokens[i]], next);
      } else {
        next.push_back(fragment);
      }
    }
    std::swap(fragments, next);
  }
  return fragments;
}

}  // namespace engine::tokenizer
