#include "engine/tokenizer/split/text.h"

#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {

Text::Text(std::string_view bytes)
    : points_(std::make_unique_for_overwrite<char32_t[]>(bytes.size())),
      classes_(std::make_unique_for_overwrite<std::uint8_t[]>(bytes.size())),
      bytes_(bytes) {
  const ClassTable& table = ClassTable::get();
  bool canonical = true;
  std::size_t n = 0;
  for (std::size_t i = 0; i < bytes.size(); ++n) {
    DecodedPoint decoded{static_cast<unsigned char>(bytes[i]), 1, true};
    if (decoded.point >= 0x80) {
      decoded = decode_point(bytes, i);
      canonical = canonical && decoded.valid && decoded.size == utf8_size(decoded.point);
    }
    points_[n] = decoded.point;
    classes_[n] = table.of(decoded.point);
    i += decoded.size;
  }
  size_ = n;
  if (canonical) return;
  for (std::size_t i = 0; i < n; ++i) append_utf8(repaired_, points_[i]);
  bytes_ = repaired_;
}

}  // namespace engine::tokenizer
