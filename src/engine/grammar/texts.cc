#include "engine/grammar/texts.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace engine::grammar {
namespace {

constexpr std::size_t kLevelsMax = 4'096;         // characters of a text that must be long
constexpr std::size_t kStatesMax = 6'000;         // looked at in one search
constexpr std::size_t kVerdictsMax = 16;          // combinations that are told apart
constexpr std::size_t kLongTextMax = 256 * 1024;  // characters of a text that may be long
constexpr std::size_t kDescentsMax = 400'000;     // letters tried on the way to it

enum class Alphabet { Printable, Unicode, Bytes };

struct Letter {
  std::array<std::uint8_t, 4> bytes{};
  std::uint8_t size = 0;
};

// A search by levels; a level is a number of characters.
class Search {
 public:
  Search(Languages& languages, LanguageId language, const WantedTexts& wanted, Alphabet alphabet)
      : languages_(languages), language_(language), wanted_(wanted), alphabet_(alphabet) {
    list_letters();
  }

  std::vector<std::string> run(StateId start) {
    levels_.push_back({{start, 0, {}}});
    if (wanted_.points_min == 0) take(start, 0, {});
    while (!is_done_ && levels_.size() <= std::min<std::size_t>(kLevelsMax, wanted_.points_max)) {
      if (!advance()) break;
    }
    return std::move(found_);
  }
  // The search saw all there is.
  bool is_complete() const { return is_complete_; }

  // Any one text, depth first: where every state leads to an end, the first way down mostly does.
  std::optional<std::string> descend(StateId start) {
    struct Place {
      StateId state;
      std::size_t next = 0;  // letter to try
    };
    std::vector<Place> path{{start}};
    std::unordered_set<std::uint64_t> seen;
    const std::size_t depth_max = std::min<std::size_t>(kLongTextMax, wanted_.points_max);
    for (std::size_t n = 0; n < kDescentsMax && !path.empty(); ++n) {
      if (languages_.work() > work_end_) return std::nullopt;
      const std::size_t depth = path.size() - 1;
      Place& at = path.back();
      if (depth >= wanted_.points_min && languages_.accepting(language_, at.state)) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i) text += static_cast<char>(bytes_[path[i].next - 1]);
        return text;
      }
      if (depth == depth_max || at.next == bytes_.size()) {
        path.pop_back();
        continue;
      }
      const StateId state = languages_.step(language_, at.state, bytes_[at.next++]);
      const std::uint64_t level = std::min<std::size_t>(depth + 1, wanted_.points_min);
      if (state != kDead && seen.insert(level << 32 | state).second) path.push_back({state});
    }
    return std::nullopt;
  }

 private:
  struct Step {
    StateId state;
    std::uint32_t before;  // index in the level above
    Letter letter;
  };

  // One byte of each class first; the others only where several texts are wanted.
  void list_letters() {
    const unsigned first = alphabet_ == Alphabet::Printable ? 0x20 : 0;
    const unsigned last = alphabet_ == Alphabet::Printable ? 0x7E
                          : alphabet_ == Alphabet::Unicode ? 0x7F
                                                           : 0xFF;
    std::vector<std::uint8_t> others;
    std::array<bool, 256> is_known{};
    const auto classes = languages_.classes(language_);
    for (unsigned byte = first; byte <= last; ++byte) {
      (is_known[classes[byte]] ? others : bytes_).push_back(static_cast<std::uint8_t>(byte));
      is_known[classes[byte]] = true;
    }
    if (wanted_.n_max > 1) bytes_.insert(bytes_.end(), others.begin(), others.end());
    if (alphabet_ != Alphabet::Unicode) return;
    std::ranges::fill(is_known, false);
    for (unsigned byte = 0xC2; byte <= 0xF4; ++byte) {
      // E0, ED, F0 and F4 narrow what may follow, so each stands for itself.
      const bool is_narrow = byte == 0xE0 || byte == 0xED || byte == 0xF0 || byte == 0xF4;
      const unsigned length_bit = byte < 0xE0 ? 0u : byte < 0xF0 ? 1u : 2u;
      bool& known = is_known[classes[byte]];
      if (!is_narrow && known && length_bit == last_length_[classes[byte]]) continue;
      if (!is_narrow) known = true, last_length_[classes[byte]] = length_bit;
      leads_.push_back(static_cast<std::uint8_t>(byte));
    }
  }

  // Counts an accepted text by what the watched languages say of it.
  void take(StateId state, std::uint32_t before, const Letter& letter) {
    if (!languages_.accepting(language_, state)) return;
    std::vector<bool> verdicts;
    const std::size_t n_watched = wanted_.each_verdict ? languages_.n_watched(language_) : 0;
    for (std::size_t i = 0; i < n_watched; ++i)
      verdicts.push_back(languages_.watched(language_, state, i));
    if (!counts_.contains(verdicts) && counts_.size() == kVerdictsMax) return;
    std::size_t& count = counts_[verdicts];
    if (count == wanted_.n_max) return;
    ++count;
    found_.push_back(spell(before, letter));
    is_done_ = n_watched == 0 ? count == wanted_.n_max : counts_.size() == kVerdictsMax;
  }

  void reach(StateId state, std::uint32_t before, const Letter& letter, std::vector<Step>& next) {
    if (state == kDead) return;
    const bool long_enough = levels_.size() >= wanted_.points_min;
    if (long_enough) take(state, before, letter);
    // Where lengths do not matter any more, a state is worth as many visits as texts are wanted.
    auto& [level, visits] = visits_[state];
    const auto now = static_cast<std::uint32_t>(long_enough ? 0 : levels_.size());
    if (level != now) level = now, visits = 0;
    if (visits >= (long_enough ? wanted_.n_max : 1)) return;
    ++visits;
    next.push_back({state, before, letter});
  }

  void reach_wide(const Step& from, std::uint32_t before, std::uint8_t lead,
                  std::vector<Step>& next) {
    const StateId after = languages_.step(language_, from.state, lead);
    if (after == kDead) return;
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    std::vector<std::pair<StateId, Letter>> at{{after, {{lead}, 1}}}, then;
    const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const auto classes = languages_.classes(language_);
    for (std::size_t i = 1; i < size; ++i) {
      then.clear();
      for (auto& [state, letter] : at) {
        std::array<bool, 256> is_tried{};
        for (unsigned byte = i == 1 ? low : 0x80; byte <= (i == 1 ? high : 0xBF); ++byte) {
          if (std::exchange(is_tried[classes[byte]], true)) continue;
          const StateId s = languages_.step(language_, state, static_cast<std::uint8_t>(byte));
          const auto is_same = [&](const auto& entry) { return entry.first == s; };
          if (s == kDead || std::ranges::any_of(then, is_same)) continue;
          Letter longer = letter;
          longer.bytes[longer.size++] = static_cast<std::uint8_t>(byte);
          then.emplace_back(s, longer);
        }
      }
      at.swap(then);
    }
    for (const auto& [state, letter] : at) reach(state, before, letter, next);
  }

  bool advance() {
    std::vector<Step> next;
    const std::vector<Step>& last = levels_.back();
    for (std::uint32_t i = 0; i < last.size() && !is_done_; ++i) {
      if (++looked_at_ > kStatesMax || languages_.work() > work_end_) {
        is_complete_ = false;
        return false;
      }
      for (const std::uint8_t byte : bytes_) {
        const StateId state = languages_.step(language_, last[i].state, byte);
        reach(state, i, {{byte}, 1}, next);
        if (is_done_) break;
      }
      for (const std::uint8_t lead : leads_) reach_wide(last[i], i, lead, next);
    }
    levels_.push_back(std::move(next));
    if (levels_.size() > kLevelsMax) is_complete_ = false;
    return !levels_.back().empty();
  }

  std::string spell(std::uint32_t index, const Letter& last) const {
    std::vector<Letter> letters{last};
    for (std::size_t level = levels_.size() - 1; level > 0; --level) {
      const Step& step = levels_[level][index];
      letters.push_back(step.letter);
      index = step.before;
    }
    std::string text;
    for (auto letter = letters.rbegin(); letter != letters.rend(); ++letter)
      text.append(reinterpret_cast<const char*>(letter->bytes.data()), letter->size);
    return text;
  }

  Languages& languages_;
  const LanguageId language_;
  const WantedTexts wanted_;
  const Alphabet alphabet_;
  std::vector<std::uint8_t> bytes_, leads_;
  std::array<unsigned, 256> last_length_{};
  std::vector<std::vector<Step>> levels_;
  std::unordered_map<StateId, std::pair<std::uint32_t, std::size_t>> visits_;  // level, how many
  std::map<std::vector<bool>, std::size_t> counts_;
  std::vector<std::string> found_;
  std::size_t looked_at_ = 0;
  const std::size_t work_end_ = languages_.work() + wanted_.work_max;
  bool is_done_ = false, is_complete_ = true;
};

// Whether there is a text with so many characters; true where the search cannot tell.
bool some_text(Languages& languages, LanguageId language, StateId state,
               const WantedTexts& wanted) {
  Search ascii(languages, language, wanted, Alphabet::Printable);
  if (!ascii.run(state).empty()) return true;
  Search all(languages, language, wanted, Alphabet::Unicode);
  return !all.run(state).empty() || !all.is_complete();
}

}  // namespace

ShortTexts short_texts(Languages& languages, LanguageId language, StateId state,
                       const WantedTexts& wanted) {
  if (state == kDead || wanted.points_min > wanted.points_max) return {};
  const auto search = [&](Alphabet alphabet) {
    Search by_level(languages, language, wanted, alphabet);
    ShortTexts found{by_level.run(state), by_level.is_complete()};
    if (!found.texts.empty() || found.is_complete || !wanted.may_be_long) return found;
    Search deep(languages, language, wanted, alphabet);
    if (auto text = deep.descend(state)) found.texts.push_back(*std::move(text));
    return found;
  };
  if (!wanted.is_unicode) return search(Alphabet::Bytes);
  auto found = search(Alphabet::Printable);
  return found.texts.empty() ? search(Alphabet::Unicode) : found;
}

bool can_end_text(Languages& languages, LanguageId language, StateId state, std::uint32_t count) {
  if (state == kDead) return false;
  const std::uint32_t least = languages.length_min(language), most = languages.length_max(language);
  if (count > most) return false;
  if (languages.is_free(language)) return true;
  if (least <= count && most == kUnbounded && !languages.is_uncertain(language)) return true;
  const std::uint32_t shortest = languages.shortest(language, state, [&] {
    const WantedTexts any{};
    const auto texts = short_texts(languages, language, state, any).texts;
    if (texts.empty()) return some_text(languages, language, state, any) ? 0 : kUnbounded;
    return static_cast<std::uint32_t>(
        std::ranges::count_if(texts[0], [](char c) { return (c & 0xC0) != 0x80; }));
  });
  if (shortest == kUnbounded || shortest > most - count) return false;
  if (count + shortest >= least) return true;
  const std::uint32_t room = most == kUnbounded ? kUnbounded : most - count;
  return some_text(languages, language, state, {.points_min = least - count, .points_max = room});
}

}  // namespace engine::grammar
