// Limits of vector stores and of searching them (OpenAI API reference, vector stores).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace limits {

inline constexpr std::size_t vector_store_files_at_creation_max = 500;
inline constexpr std::size_t vector_store_batch_files_max = 2'000;
inline constexpr std::int64_t vector_store_days_max = 365;
inline constexpr std::int64_t vector_store_file_tokens_max = 5'000'000;
inline constexpr std::size_t vector_attributes_max = 16;
inline constexpr std::size_t vector_attribute_name_max = 64;
inline constexpr std::size_t vector_attribute_text_max = 512;

inline constexpr int search_results_max = 50;
inline constexpr int search_results_default = 10;
inline constexpr std::size_t search_queries_max = 16;
inline constexpr std::size_t search_query_bytes_max = 64 * 1024;
inline constexpr std::size_t search_stores_max = 32;         // of one file_search tool
inline constexpr int search_filter_depth_max = 16;           // `and` in `or` in `and`...
inline constexpr std::size_t search_filter_parts_max = 256;  // comparisons and their values
inline constexpr std::size_t search_words_max = 48;          // of a query that are looked up
// How many entries of the words' lists a query reads: of more, its commonest words are left out.
inline constexpr std::size_t search_postings_max = 2'000'000;
// Of each half of a hybrid search, before they are fused.
inline constexpr std::size_t search_candidates = 100;

// How many of the best passages a reranker reads, at least.
inline constexpr int search_reranked = 30;

// Indexes of so many chunks are kept between starts; smaller ones are made from the rows.
inline constexpr std::size_t vector_index_kept_min = 2'000;
// All stores' indexes in memory; the least recently used leave first.
inline constexpr std::size_t vector_index_bytes_max = 4ull * 1024 * 1024 * 1024;
inline constexpr std::size_t chunks_per_commit = 64;
// Files that are indexed at a time: their reading, embedding and storing overlap.
inline constexpr std::size_t vector_index_jobs_at_once_max = 4;
// How long indexing waits for an engine that is busy, before the attempt counts as failed.
inline constexpr std::chrono::milliseconds vector_embedding_wait_max{120'000};

}  // namespace limits
