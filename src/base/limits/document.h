// Limits of reading documents: what one file may cost, and what comes out of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace limits {

// Text out of one file: 5 million tokens of about four bytes are 20 MB, with room for headings.
inline constexpr std::size_t document_text_bytes_max = 32 * 1024 * 1024;
// The child's answer: the text as JSON, which may escape some of it.
inline constexpr std::size_t document_answer_bytes_max = 3 * document_text_bytes_max;
inline constexpr int document_pages_max = 20'000;
inline constexpr std::size_t document_sections_max = 200'000;
// Everything that is unpacked of one archive, and its entries: a bomb ends here.
inline constexpr std::size_t document_unpacked_bytes_max = 256 * 1024 * 1024;
inline constexpr std::size_t document_entries_max = 20'000;
inline constexpr int document_nesting_max = 16;  // mails in mails, headings in headings
inline constexpr int document_element_depth_max = 1'000;

// The child process.
inline constexpr std::chrono::seconds document_time_max{60};
inline constexpr std::chrono::seconds document_cpu_time_max{30};
inline constexpr std::size_t document_memory_bytes_max = 2ull * 1024 * 1024 * 1024;
inline constexpr std::size_t document_children_max = 2;  // at a time

// Files within a request's input.
inline constexpr std::size_t input_file_bytes_max = 64ull * 1024 * 1024;
inline constexpr std::chrono::seconds input_file_fetch_time_max{30};
inline constexpr std::size_t input_file_texts_bytes_max = 64ull * 1024 * 1024;  // remembered

// Chunks, in tokens (OpenAI API reference, vector stores, static chunking strategy).
inline constexpr int chunk_tokens_min = 100;
inline constexpr int chunk_tokens_max = 4'096;
inline constexpr int chunk_tokens_default = 800;
inline constexpr int chunk_overlap_tokens_default = 400;

}  // namespace limits
