#include "engine/grammar/vocabulary.h"

#include <algorithm>
#include <functional>

namespace engine::grammar {
namespace {

constexpr ByteSet set_of(std::string_view bytes) {
  ByteSet set;
  for (const char c : bytes) set.add(static_cast<unsigned char>(c));
  return set;
}

constexpr std::uint32_t kWideChildrenMin = 16;

// Below a quote with fewer nodes, walking them is as fast as looking things up.
constexpr std::uint32_t kOpeningNodesMin = 12;

constexpr std::size_t kQuoteGroup = 0, kBackslashGroup = 1, kControlGroup = 2;

// Walks a token inside a quoted text. Escapes are followed as far as counting characters and
// finding the closing quote needs; whether they are well formed is the machine's to judge.
struct QuotedToken {
  bool valid = true;
  std::size_t quote = std::string_view::npos;  // of the closing one
  std::uint32_t points = 0;                    // before it, or in all
};

QuotedToken walk_quoted(std::string_view bytes) {
  QuotedToken token;
  std::size_t tail = 0;  // continuation bytes still to come
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (tail > 0) {
      if ((byte & 0xC0) != 0x80) return {.valid = false};
      --tail;
      continue;
    }
    if (byte == '"') {
      token.quote = i;
      return token;
    }
    if (byte < 0x20 || (byte >= 0x80 && byte < 0xC2) || byte > 0xF4) return {.valid = false};
    ++token.points;
    if (byte >= 0xC2) tail = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    if (byte != '\\') continue;
    if (i + 1 == bytes.size()) break;  // an escape that is begun needs room for its character
    const char letter = bytes[++i];
    if (letter == 'u') {
      const std::size_t digits = std::min<std::size_t>(4, bytes.size() - i - 1);
      for (std::size_t d = 1; d <= digits; ++d) {
        const char c = bytes[i + d];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!hex) return {.valid = false};
      }
      // Surrogate pairs are rare enough in tokens to leave them to the machine.
      if (digits == 4 && (bytes[i + 1] == 'd' || bytes[i + 1] == 'D') && bytes[i + 2] > '7') {
        return {.valid = false};
      }
      i += digits;
    } else if (std::string_view("\"\\/bfnrt").find(letter) == std::string_view::npos) {
      return {.valid = false};
    }
  }
  return token;
}

Groups groups_of(std::string_view bytes) {
  static const std::array<std::uint8_t, 128> group_of = [] {
    std::array<std::uint8_t, 128> table{};
    for (std::size_t g = 0; g < kByteGroups; ++g) {
      for (unsigned b = 0; b < 128; ++b) {
        if (byte_groups()[g].contains(b)) table[b] = static_cast<std::uint8_t>(g);
      }
    }
    return table;
  }();
  Groups groups = 0;
  std::uint32_t points = 0;
  for (std::size_t i = 0; i < bytes.size(); ++points) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    std::size_t length = 1;
    if (byte < 0x80) {
      groups |= 1u << group_of[byte];
    } else {
      length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      bool whole = byte >= 0xC2 && byte <= 0xF4 && i + length <= bytes.size();
      for (std::size_t k = 1; whole && k < length; ++k) {
        whole = (static_cast<unsigned char>(bytes[i + k]) & 0xC0) == 0x80;
      }
      // E0, ED, F0 and F4 restrict what follows; tokens are text, but need not be.
      if (whole && (byte == 0xE0 || byte == 0xED || byte == 0xF0 || byte == 0xF4)) {
        const auto second = static_cast<unsigned char>(bytes[i + 1]);
        whole = byte == 0xE0   ? second >= 0xA0
                : byte == 0xED ? second < 0xA0
                : byte == 0xF0 ? second >= 0x90
                               : second < 0x90;
      }
      groups |= whole ? kWideGroup : kBrokenGroup;
      if (!whole) length = 1;
    }
    i += length;
  }
  for (std::size_t s = 0; s < kLengthSteps.size(); ++s) {
    if (points > kLengthSteps[s]) groups |= 1u << (kFirstLengthBit + s);
  }
  return groups;
}

}  // namespace

const std::array<ByteSet, kByteGroups>& byte_groups() {
  static const std::array<ByteSet, kByteGroups> groups{set_of("\""),
                                                       set_of("\\"),
                                                       [] {
                                                         ByteSet set = ByteSet::range(0, 0x1F);
                                                         set.add(0x7F);
                                                         return set;
                                                       }(),
                                                       ByteSet::range('a', 'f'),
                                                       ByteSet::range('g', 'z'),
                                                       ByteSet::range('A', 'F'),
                                                       ByteSet::range('G', 'Z'),
                                                       ByteSet::range('0', '9'),
                                                       set_of(" "),
                                                       set_of("_"),
                                                       set_of("-"),
                                                       set_of("."),
                                                       set_of("/"),
                                                       set_of(":"),
                                                       set_of("@"),
                                                       set_of(",;"),
                                                       set_of("+="),
                                                       set_of("()[]{}<>"),
                                                       set_of("%&#?"),
                                                       set_of("!$'*^`|~")};
  return groups;
}

Groups unquotable_groups() {
  return 1u << kQuoteGroup | 1u << kBackslashGroup | 1u << kControlGroup;
}

Vocabulary::Vocabulary(std::span<const std::string> tokens, std::span<const TokenId> end_tokens)
    : tokens_(tokens.begin(), tokens.end()), end_tokens_(end_tokens.begin(), end_tokens.end()) {
  for (const TokenId token : end_tokens_) {
    if (token < tokens_.size()) tokens_[token].clear();
  }
  classify_tokens();
  build_tries();
  list_children();
  find_exits();
  find_openings();
  build_suffixes();
}

bool Vocabulary::is_end(TokenId token) const {
  return std::ranges::find(end_tokens_, token) != end_tokens_.end();
}

void Vocabulary::classify_tokens() {
  groups_.assign(tokens_.size(), ~Groups{0});
  lacking_.assign(32 * n_words(), 0);
  for (TokenId token = 0; token < tokens_.size(); ++token) {
    if (!tokens_[token].empty()) groups_[token] = groups_of(tokens_[token]);
    for (std::size_t bit = 0; bit < 32; ++bit) {
      if (!(groups_[token] >> bit & 1))
        lacking_[bit * n_words() + (token >> 5)] |= 1u << (token & 31);
    }
  }
}

void Vocabulary::build_tries() {
  std::vector<TokenId> order;
  for (TokenId token = 0; token < tokens_.size(); ++token) {
    if (!tokens_[token].empty()) order.push_back(token);
  }
  std::ranges::sort(order, [&](TokenId a, TokenId b) {
    return tokens_[a] != tokens_[b] ? tokens_[a] < tokens_[b] : a < b;
  });
  list_same(order);
  nodes_ = trie(order);
  const auto is_odd = [&](TokenId token) {
    return (groups_[token] & (unquotable_groups() | kBrokenGroup)) != 0;
  };
  const auto odd = std::ranges::stable_partition(order, std::not_fn(is_odd));
  const std::span<const TokenId> plain(order.begin(), odd.begin());
  plain_nodes_ = trie(plain);
  odd_nodes_ = trie(odd);
  plain_.assign(n_words(), 0);
  for (const TokenId token : plain) plain_[token >> 5] |= 1u << (token & 31);
}

// Tokens with the same bytes follow each other in the order.
void Vocabulary::list_same(std::span<const TokenId> order) {
  next_same_.assign(tokens_.size(), kNoToken);
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (tokens_[order[i]] == tokens_[order[i - 1]]) next_same_[order[i - 1]] = order[i];
  }
}

std::vector<Vocabulary::Node> Vocabulary::trie(std::span<const TokenId> order) const {
  std::vector<Node> nodes;
  std::vector<std::uint32_t> path;  // nodes from the root to the last token
  std::string_view previous;
  const auto close_to = [&](std::size_t depth) {
    while (path.size() > depth) {
      Node& node = nodes[path.back()];
      node.end = static_cast<std::uint32_t>(nodes.size());
      path.pop_back();
      if (!path.empty()) nodes[path.back()].groups |= node.groups;
    }
  };
  for (const TokenId token : order) {
    const std::string_view bytes = tokens_[token];
    if (bytes == previous) continue;
    const auto shared =
        static_cast<std::size_t>(std::ranges::mismatch(bytes, previous).in1 - bytes.begin());
    close_to(shared);
    for (std::size_t i = shared; i < bytes.size(); ++i) {
      path.push_back(static_cast<std::uint32_t>(nodes.size()));
      nodes.push_back({0, -1, 0, static_cast<std::uint8_t>(bytes[i]), 0});
    }
    nodes.back().token = static_cast<std::int32_t>(token);
    nodes.back().groups = groups_[token];
    previous = bytes;
  }
  close_to(0);
  return nodes;
}

std::vector<Vocabulary::Child> Vocabulary::children_between(std::uint32_t first,
                                                            std::uint32_t last) const {
  std::vector<Child> children;
  for (std::uint32_t i = first; i < last; i = nodes_[i].end)
    children.push_back({nodes_[i].byte, i});
  return children;
}

void Vocabulary::list_children() {
  wide_.push_back(children_between(0, static_cast<std::uint32_t>(nodes_.size())));
  for (std::uint32_t i = 0; i < nodes_.size() && wide_.size() < UINT16_MAX; ++i) {
    if (nodes_[i].end - i < kWideChildrenMin) continue;
    auto children = children_between(i + 1, nodes_[i].end);
    if (children.size() < kWideChildrenMin) continue;
    nodes_[i].wide = static_cast<std::uint16_t>(wide_.size());
    wide_.push_back(std::move(children));
  }
}

void Vocabulary::find_exits() {
  quoted_.assign(n_words(), 0);
  exits_before_.assign(odd_nodes_.size() + 1, 0);
  std::vector<std::uint32_t> points(tokens_.size());
  const auto look_at = [&](const Node& node) {
    if (node.token < 0) return;
    const auto token = static_cast<TokenId>(node.token);
    const QuotedToken walk = walk_quoted(tokens_[token]);
    if (!walk.valid) return;
    if (walk.quote == std::string_view::npos) {
      allow(token, quoted_);
      if (walk.points > kShortMax) long_.emplace_back(walk.points, token);
    } else {
      add_exit(exits_, token, 0, walk.quote, walk.points);
    }
    for (TokenId same = token; same != kNoToken; same = next_same_[same]) {
      points[same] = walk.points;
    }
  };
  for (const Node& node : plain_nodes_) look_at(node);
  for (std::uint32_t i = 0; i < odd_nodes_.size(); ++i) {
    exits_before_[i] = static_cast<std::uint32_t>(exits_.exits.size());
    look_at(odd_nodes_[i]);
  }
  exits_before_.back() = static_cast<std::uint32_t>(exits_.exits.size());
  std::ranges::sort(long_, std::greater{});
  for (std::uint32_t limit = 0; limit <= kShortMax; ++limit) {
    auto& mask = short_.emplace_back(n_words(), 0u);
    for (TokenId token = 0; token < tokens_.size(); ++token) {
      if (points[token] <= limit) mask[token >> 5] |= 1u << (token & 31);
    }
  }
}

// Until the suffixes are known, an exit's `suffix` is where it begins in the token.
void Vocabulary::add_exit(Exits& exits, TokenId token, std::size_t begin, std::size_t quote,
                          std::uint32_t n_points) {
  const std::string_view content = bytes(token).substr(begin, quote - begin);
  const auto at = static_cast<std::uint32_t>(exits.exits.size());
  exits.exits.push_back({token, n_points, static_cast<std::uint32_t>(quote + 1)});
  // In trie order those with the same content follow each other.
  if (exits.groups.empty() || exits.groups.back().content != content) {
    exits.groups.push_back({content, at, at});
  }
  exits.groups.back().last = at + 1;
}

void Vocabulary::find_openings() {
  for (std::uint32_t root = 0; root < nodes_.size(); ++root) {
    if (nodes_[root].byte != '"' || nodes_[root].end - root < kOpeningNodesMin) continue;
    // How many bytes the tokens below have before their content.
    std::size_t begin = 0;
    for (std::uint32_t i = 0; i <= root;) {
      const bool above = nodes_[i].end > root;
      begin += above;
      i = above ? i + 1 : nodes_[i].end;
    }
    Opening& opening = openings_[root];
    for (std::uint32_t i = root + 1; i < nodes_[root].end; ++i) {
      if (nodes_[i].token < 0) continue;
      const auto token = static_cast<TokenId>(nodes_[i].token);
      const QuotedToken walk = walk_quoted(bytes(token).substr(begin));
      if (!walk.valid) continue;
      if (walk.quote == std::string_view::npos) {
        for (TokenId same = token; same != kNoToken; same = next_same_[same]) {
          opening.inside.push_back(same);
        }
      } else {
        add_exit(opening.exits, token, begin, begin + walk.quote, walk.points);
      }
    }
  }
}

template <class Visit>
void Vocabulary::each_exits(Visit&& visit) {
  visit(exits_);
  for (auto& [node, opening] : openings_) visit(opening.exits);
}

void Vocabulary::build_suffixes() {
  std::vector<std::pair<std::string_view, Exit*>> order;
  each_exits([&](Exits& exits) {
    std::ranges::sort(exits.groups, {}, &Exits::Group::content);
    for (Exit& exit : exits.exits) order.emplace_back(bytes(exit.token).substr(exit.suffix), &exit);
  });
  std::ranges::sort(order, {}, [](const auto& entry) { return entry.first; });
  suffixes_.push_back({});
  std::vector<std::uint32_t> path;
  std::string_view previous;
  const auto close_to = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      suffixes_[path.back()].end = static_cast<std::uint32_t>(suffixes_.size());
    }
  };
  for (const auto& [text, exit] : order) {
    const auto shared =
        static_cast<std::size_t>(std::ranges::mismatch(text, previous).in1 - text.begin());
    close_to(shared);
    for (std::size_t i = shared; i < text.size(); ++i) {
      path.push_back(static_cast<std::uint32_t>(suffixes_.size()));
      suffixes_.push_back({0, static_cast<std::uint8_t>(text[i])});
    }
    exit->suffix = text.empty() ? 0 : path.back();
    previous = text;
  }
  close_to(0);
  suffixes_[0].end = static_cast<std::uint32_t>(suffixes_.size());
}

void Vocabulary::allow_made_of(Groups groups, std::span<std::uint32_t> bits) const {
  std::array<const std::uint32_t*, 32> rows;
  std::size_t n_rows = 0;
  for (std::size_t bit = 0; bit < 32; ++bit) {
    if (groups >> bit & 1) continue;
    rows[n_rows++] = &lacking_[bit * n_words()];
    if (bit >= kFirstLengthBit) break;  // what lacks this length lacks the greater ones
  }
  constexpr std::size_t kBlock = 128;  // words: what is found of them stays in the nearest cache
  std::array<std::uint32_t, kBlock> made;
  for (std::size_t first = 0; first < bits.size(); first += kBlock) {
    const std::size_t n = std::min(kBlock, bits.size() - first);
    made.fill(~0u);
    for (std::size_t row = 0; row < n_rows; ++row) {
      for (std::size_t i = 0; i < n; ++i) made[i] &= rows[row][first + i];
    }
    for (std::size_t i = 0; i < n; ++i) bits[first + i] |= made[i];
  }
}

void Vocabulary::keep_short(std::uint32_t points_max, std::span<std::uint32_t> bits) const {
  if (points_max <= kShortMax) {
    const auto& mask = short_[points_max];
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] &= mask[i];
    return;
  }
  for (const auto& [points, token] : long_) {
    if (points <= points_max) break;
    for (TokenId same = token; same != kNoToken; same = next_same_[same]) {
      bits[same >> 5] &= ~(1u << (same & 31));
    }
  }
}

}  // namespace engine::grammar
