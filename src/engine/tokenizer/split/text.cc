#include "engine/tokenizer/split/text.h"

#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {

Text::Text(std::string_view bytes) : bytes_(bytes) {
  const ClassTable& table = ClassTable::get();
  points_.resize(bytes.size());
  classes_.resize(bytes.size());
  std::size_t n = 0;
  bool canonical = true;
  for (std::size_t i = 0; i < bytes.size();) {
    if (static_cast<unsigned char>(bytes[i]) < 0x80) {
      points_[n++] = static_cast<unsigned char>(bytes[i++]);
      continue;
    }
    const DecodedPoint decoded = decode_point(bytes, i);
    canonical = canonical && decoded.valid && decoded.size == utf8_size(decoded.point);
    points_[n++] = decoded.point;
    i += decoded.size;
  }
  points_.resize(n);
  classes_.resize(n);
  for (std::size_t i = 0; i < n; ++i) classes_[i] = table.of(points_[i]);
  if (canonical) return;
  for (const char32_t point : points_) append_utf8(repaired_, point);
  bytes_ = repaired_;
}

}  // namespace engine::tokenizer
