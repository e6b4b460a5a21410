// Texts and keys: UTF-8, escapes, and what is fed to the language behind them.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/grammar/hash.h"
#include "engine/grammar/machine.h"
#include "engine/grammar/texts.h"

namespace engine::grammar {
namespace {

// What the first byte of a character asks for; Lex::Plain when it cannot be one.
Lex after_lead(std::uint8_t byte) {
  if (byte < 0xC2 || byte > 0xF4) return Lex::Plain;
  if (byte < 0xE0) return Lex::Tail1;
  if (byte == 0xE0) return Lex::AfterE0;
  if (byte == 0xED) return Lex::AfterED;
  if (byte < 0xF0) return Lex::Tail2;
  if (byte == 0xF0) return Lex::AfterF0;
  return byte == 0xF4 ? Lex::AfterF4 : Lex::Tail3;
}

// The state after a continuation byte; false when this byte cannot stand here.
bool continue_character(Lex& lex, std::uint8_t byte) {
  if ((byte & 0xC0) != 0x80) return false;
  switch (lex) {
    case Lex::Tail1: lex = Lex::Plain; return true;
    case Lex::Tail2: lex = Lex::Tail1; return true;
    case Lex::Tail3: lex = Lex::Tail2; return true;
    case Lex::AfterE0: lex = Lex::Tail1; return byte >= 0xA0;
    case Lex::AfterED: lex = Lex::Tail1; return byte < 0xA0;
    case Lex::AfterF0: lex = Lex::Tail2; return byte >= 0x90;
    case Lex::AfterF4: lex = Lex::Tail2; return byte < 0x90;
    default: return false;
  }
}

constexpr std::array<std::array<std::uint8_t, 2>, 8> kEscapes{
    {{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'b', 8}, {'f', 12}, {'n', 10}, {'r', 13}, {'t', 9}}};

int hex_value(std::uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

std::size_t encode(std::uint32_t point, std::array<std::uint8_t, 4>& out) {
  if (point < 0x80) return out[0] = static_cast<std::uint8_t>(point), 1;
  const std::size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (std::size_t i = length - 1; i > 0; --i, point >>= 6) {
    out[i] = static_cast<std::uint8_t>(0x80 | (point & 0x3F));
  }
  out[0] = static_cast<std::uint8_t>((length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0) | point);
  return length;
}

// Whether the text at `cursor` may go on with a code point of first..last after which `accept`
// takes the state. Where the language ends before a code point's last bytes, all that share what
// was read are passed over.
template <class Accept>
bool any_point(Languages& languages, const Cursor& cursor, std::uint32_t first, std::uint32_t last,
               const Accept& accept) {
  for (std::uint32_t point = first; point <= last;) {
    if (point >= 0xD800 && point <= 0xDFFF) {
      point = 0xE000;
      continue;
    }
    std::array<std::uint8_t, 4> bytes{};
    const std::size_t length = encode(point, bytes);
    StateId state = cursor.state;
    std::size_t i = 0;
    for (; i < length && state != kDead; ++i)
      state = languages.step(cursor.machine, state, bytes[i]);
    if (state != kDead && accept(state)) return true;
    const std::uint32_t block = 1u << 6 * (length - i);
    point = (point / block + 1) * block;
  }
  return false;
}

}  // namespace

bool Machine::text(Cursor& cursor, std::uint8_t byte) {
  if (cursor.lex == Lex::Plain) {
    if (byte >= 0x80) {
      cursor.lex = after_lead(byte);
      return cursor.lex != Lex::Plain && feed(cursor, byte);
    }
    if (byte == '"') return cursor.mode == Mode::Text ? end_text(cursor) : end_key(cursor);
    if (byte == '\\') {
      cursor.lex = Lex::Escape;
      return feeds_any(cursor, 0, 0x10FFFF);
    }
    return byte >= 0x20 && feed(cursor, byte);
  }
  if (cursor.lex < Lex::Escape) return continue_character(cursor.lex, byte) && feed(cursor, byte);
  return escape(cursor, byte);
}

bool Machine::escape(Cursor& cursor, std::uint8_t byte) {
  switch (cursor.lex) {
    case Lex::Escape:
      for (const auto& [letter, decoded] : kEscapes) {
        if (letter != byte) continue;
        cursor.lex = Lex::Plain;
        return feed(cursor, decoded);
      }
      cursor.lex = Lex::Hex;
      cursor.n_hex = 0;
      cursor.escape = 0;
      return byte == 'u' && feeds_encoded(cursor, 0, 0xFFFF);
    case Lex::LowBackslash: cursor.lex = Lex::LowU; return byte == '\\';
    case Lex::LowU:
      cursor.lex = Lex::LowHex;
      cursor.n_hex = 0;
      return byte == 'u';
    default: return hex(cursor, byte);
  }
}

bool Machine::hex(Cursor& cursor, std::uint8_t byte) {
  const int digit = hex_value(byte);
  if (digit < 0) return false;
  const std::uint32_t high = cursor.escape >> 16;
  const std::uint32_t value = (cursor.escape & 0xFFFF) << 4 | static_cast<std::uint32_t>(digit);
  cursor.escape = high << 16 | (value & 0xFFFF);
  const unsigned missing = 4 - ++cursor.n_hex;
  const std::uint32_t first = value << 4 * missing, last = first + (1u << 4 * missing) - 1;
  if (cursor.lex == Lex::LowHex) {
    const std::uint32_t low = std::max(first, 0xDC00u), top = std::min(last, 0xDFFFu);
    if (low > top) return false;
    const std::uint32_t base = 0x10000 + ((high - 0xD800) << 10);
    if (missing > 0) return feeds_any(cursor, base + (low - 0xDC00), base + (top - 0xDC00));
    cursor.lex = Lex::Plain;
    return feed_point(cursor, base + (value - 0xDC00));
  }
  if (missing > 0) return feeds_encoded(cursor, first, last);
  if (value >= 0xD800 && value <= 0xDBFF) {
    cursor.lex = Lex::LowBackslash;
    cursor.escape = value << 16;
    return feeds_surrogate(cursor, value, value);
  }
  cursor.lex = Lex::Plain;
  return !(value >= 0xDC00 && value <= 0xDFFF) && feed_point(cursor, value);
}

// Of a cursor within a character or an escape: whether one of those it can become leads on.
bool Machine::can_end_text(const Cursor& cursor) {
  if (cursor.lex == Lex::Plain)
    return grammar::can_end_text(languages_, cursor.machine, cursor.state, cursor.count);
  if (languages_.is_free(cursor.machine)) return true;
  if (cursor.lex == Lex::Escape) return ends_after_any(cursor, 0, 0x10FFFF);
  if (cursor.lex < Lex::Escape) {
    std::array<bool, 256> is_tried{};
    for (unsigned byte = 0x80; byte <= 0xBF; ++byte) {
      // The edges of ranges stand for themselves: some lead bytes narrow what may follow.
      bool& tried = is_tried[languages_.classes(cursor.machine)[byte]];
      if (std::exchange(tried, true) && (byte & 0xF) != 0) continue;
      Cursor next = cursor;
      if (text(next, static_cast<std::uint8_t>(byte)) && can_end_text(next)) return true;
    }
    return false;
  }
  const std::uint32_t high = cursor.escape >> 16, value = cursor.escape & 0xFFFF;
  if (cursor.lex == Lex::Hex) {
    const unsigned missing = 4u - cursor.n_hex;
    const std::uint32_t first = value << 4 * missing, last = first + (1u << 4 * missing) - 1;
    const std::uint32_t high_first = std::max(first, 0xD800u), high_last = std::min(last, 0xDBFFu);
    return ends_after_any(cursor, first, last) ||
           (high_first <= high_last &&
            ends_after_any(cursor, 0x10000 + ((high_first - 0xD800) << 10),
                           0x10000 + ((high_last - 0xD800) << 10) + 0x3FF));
  }
  const std::uint32_t base = 0x10000 + ((high - 0xD800) << 10);
  return ends_after_any(cursor, base, base + 0x3FF);
}

bool Machine::ends_after_any(const Cursor& cursor, std::uint32_t first, std::uint32_t last) {
  std::vector<StateId> tried;
  return any_point(languages_, cursor, first, last, [&](StateId state) {
    if (std::ranges::find(tried, state) != tried.end()) return false;
    tried.push_back(state);
    return grammar::can_end_text(languages_, cursor.machine, state, cursor.count + 1);
  });
}

bool Machine::feed(Cursor& cursor, std::uint8_t decoded) {
  if (cursor.mode == Mode::InKey) return feed_key(cursor, decoded);
  cursor.digest = mix(cursor.digest, decoded);
  if ((decoded & 0xC0) != 0x80 && ++cursor.count > languages_.length_max(cursor.machine)) {
    return false;
  }
  cursor.state = languages_.step(cursor.machine, cursor.state, decoded);
  return cursor.state != kDead;
}

bool Machine::feed_point(Cursor& cursor, std::uint32_t point) {
  std::array<std::uint8_t, 4> bytes{};
  const std::size_t length = encode(point, bytes);
  for (std::size_t i = 0; i < length; ++i) {
    if (!feed(cursor, bytes[i])) return false;
  }
  return true;
}

// Whether one of the code points written as \uXXXX, first..last, may come: pairs stand for those
// beyond 16 bits.
bool Machine::feeds_encoded(const Cursor& cursor, std::uint32_t first, std::uint32_t last) {
  const auto part = [&](std::uint32_t from, std::uint32_t to) {
    from = std::max(from, first), to = std::min(to, last);
    return from <= to && feeds_any(cursor, from, to);
  };
  if (part(0, 0xD7FF) || part(0xE000, 0xFFFF)) return true;
  const std::uint32_t high = std::max(first, 0xD800u), top = std::min(last, 0xDBFFu);
  return high <= top && feeds_surrogate(cursor, high, top);
}

bool Machine::feeds_surrogate(const Cursor& cursor, std::uint32_t first, std::uint32_t last) {
  return feeds_any(cursor, 0x10000 + ((first - 0xD800) << 10),
                   0x10000 + ((last - 0xD800) << 10) + 0x3FF);
}

bool Machine::feeds_any(const Cursor& cursor, std::uint32_t first, std::uint32_t last) {
  if (cursor.mode == Mode::InKey) {
    // In keys only what cannot be written plainly is worth escaping.
    for (std::uint32_t point = first; point <= std::min(last, 0x5Cu); ++point) {
      if (point >= 0x20 && point != '"' && point != '/' && point != '\\') continue;
      Cursor probe = cursor;
      if (feed_point(probe, point)) return true;
    }
    return false;
  }
  if (cursor.count >= languages_.length_max(cursor.machine)) return false;
  if (languages_.universal(cursor.machine, cursor.state)) return true;
  return any_point(languages_, cursor, first, last, [](StateId) { return true; });
}

}  // namespace engine::grammar
