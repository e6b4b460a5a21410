#include "engine/tokenizer/unicode.h"

#include <algorithm>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

namespace engine::tokenizer {
namespace {

std::uint8_t class_of(char32_t point) {
  const auto c = static_cast<UChar32>(point);
  const std::uint32_t category = U_GET_GC_MASK(c);
  std::uint8_t bits = kOther;
  if (category & U_GC_L_MASK) bits = kLetter;
  if (category & U_GC_N_MASK) bits = kNumber;
  if (category & U_GC_M_MASK) bits = kMark;
  if (category & U_GC_P_MASK) bits = kPunctuation;
  if (category & U_GC_S_MASK) bits = kSymbol;
  if (category & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK | U_GC_CS_MASK))
    bits = kControlCharacter;
  if (u_hasBinaryProperty(c, UCHAR_WHITE_SPACE)) bits |= kSpace;
  return bits;
}

}  // namespace

const ClassTable& ClassTable::get() {
  static const ClassTable table;
  return table;
}

ClassTable::ClassTable() {
  for (char32_t point = 0; point < kAscii; ++point) ascii_[point] = class_of(point);
  std::array<std::uint8_t, 256> page;
  for (std::size_t block = 0; block < page_of_.size(); ++block) {
    for (std::size_t i = 0; i < page.size(); ++i) {
      page[i] = class_of(static_cast<char32_t>(block * page.size() + i));
    }
    // Most of Unicode is a few pages over and over; looking through those already stored finds
    // them.
    std::size_t known = 0;
    const std::size_t stored = pages_.size() / page.size();
    while (known < stored &&
           !std::equal(page.begin(), page.end(),
                       pages_.begin() + static_cast<std::ptrdiff_t>(known * page.size()))) {
      ++known;
    }
    if (known == stored) pages_.insert(pages_.end(), page.begin(), page.end());
    page_of_[block] = static_cast<std::uint16_t>(known);
  }
}

char32_t to_lower(char32_t point) {
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(point)));
}

char32_t without_accents(char32_t point) {
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* nfd = unorm2_getNFDInstance(&status);
  if (U_FAILURE(status)) return point;
  std::array<UChar, 64> units;
  const std::int32_t size =
      unorm2_getDecomposition(nfd, static_cast<UChar32>(point), units.data(),
                              static_cast<std::int32_t>(units.size()), &status);
  if (U_FAILURE(status) || size <= 0) return point;
  UChar32 first = 0;
  U16_GET(units.data(), 0, 0, size, first);
  return static_cast<char32_t>(first);
}

}  // namespace engine::tokenizer
