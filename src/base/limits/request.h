// Limits of fields of a request, the same for every endpoint.
#pragma once

#include <cstddef>

namespace limits {

inline constexpr std::size_t chat_choices_max = 128;  // `n`
inline constexpr std::size_t stop_strings_max = 4;
inline constexpr std::size_t top_logprobs_max = 20;
inline constexpr std::size_t logit_bias_entries_max = 1'024;
inline constexpr std::size_t tools_max = 128;
inline constexpr std::size_t metadata_pairs_max = 16;
inline constexpr std::size_t metadata_key_chars_max = 64;
inline constexpr std::size_t metadata_value_chars_max = 512;
inline constexpr std::size_t embedding_inputs_max = 2'048;
inline constexpr std::size_t embedding_tokens_max = 300'000;  // all inputs of one request together
inline constexpr std::size_t list_page_max = 100;
inline constexpr std::size_t list_page_default = 20;

}  // namespace limits
