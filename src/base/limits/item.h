// Limits of the items of responses and conversations.
#pragma once

#include <cstddef>
#include <cstdint>

namespace limits {

inline constexpr std::size_t item_text_chars_max = 10'485'760;
inline constexpr std::size_t item_id_chars_max = 64;
inline constexpr std::size_t item_sealed_chars_max = 20 * 1024 * 1024;  // `encrypted_content`
inline constexpr std::size_t items_per_request_max = 16'384;
inline constexpr std::size_t conversation_items_per_call_max = 20;
inline constexpr std::size_t content_parts_max = 4'096;  // of one message

inline constexpr std::size_t compacted_output_bytes_max = 2'000;  // of a call, in a compaction item
inline constexpr std::int64_t compaction_tokens_max = 2'048;      // of a summary

}  // namespace limits
