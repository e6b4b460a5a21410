#include "inference/message.h"

namespace inference {

std::string text_of(const Message& message) {
  std::string text;
  for (const Part& part : message.content) {
    if (const auto* piece = std::get_if<TextPart>(&part)) text += piece->text;
  }
  return text;
}

}  // namespace inference
