// Every limit of the program, in one place. Each has a test at the limit and one beyond it.
// Sizes are bytes, counts are counts, times are chrono. The names end in what they bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace limits {

using namespace std::chrono_literals;

// --- HTTP ---
inline constexpr std::size_t http_header_bytes_max = 64 * 1024;
inline constexpr std::size_t http_target_bytes_max = 8 * 1024;
inline constexpr std::size_t http_json_body_bytes_max =
    64 * 1024 * 1024;                                 // inline images and files are base64 in JSON
inline constexpr auto http_header_time_max = 10s;     // slowloris: head must arrive within this
inline constexpr auto http_body_idle_time_max = 60s;  // no byte for this long ends the request
inline constexpr auto http_keep_alive_time_max = 75s;
inline constexpr auto http_drain_time_max = 30s;  // SIGTERM: running requests get this long
inline constexpr std::size_t http_connections_max = 10'000;
inline constexpr auto sse_keep_alive_interval = 15s;
// Bytes of a streamed response waiting for a slow reader; its writer waits beyond this.
inline constexpr std::size_t http_stream_buffer_bytes_max = 128 * 1024;
inline constexpr auto http_write_stall_time_max = 30s;  // a reader that takes nothing is cut off
inline constexpr auto http_linger_time_max =
    2s;  // after an early answer, for the client to read it
inline constexpr std::size_t http_linger_bytes_max = 256 * 1024;
inline constexpr auto client_connect_time_max = 10s;
inline constexpr auto client_idle_time_max = 300s;  // a slow model thinks before its first token
inline constexpr std::size_t client_idle_connections_max = 64;  // kept per origin
inline constexpr auto client_idle_connection_time_max = 30s;
inline constexpr std::size_t websocket_message_bytes_max = 16 * 1024 * 1024;
inline constexpr auto websocket_idle_time_max = 60s;  // pings go out at half of it
inline constexpr std::size_t multipart_parts_max = 256;
inline constexpr std::size_t multipart_header_bytes_max = 8 * 1024;         // of one part
inline constexpr std::size_t multipart_field_bytes_max = 1024 * 1024;       // one field, in memory
inline constexpr std::size_t multipart_fields_bytes_max = 8 * 1024 * 1024;  // all of them

// --- JSON ---
inline constexpr std::size_t json_depth_max = 128;

// --- Chat templates (Jinja from a model file or a request: untrusted) ---
inline constexpr std::size_t template_source_bytes_max = 1024 * 1024;
inline constexpr std::size_t template_syntax_depth_max = 250;  // nested tags and expressions
inline constexpr std::size_t template_steps_max = 20'000'000;  // nodes evaluated; about two seconds
inline constexpr std::size_t template_depth_max = 1'000;       // evaluations inside each other
inline constexpr std::size_t template_value_depth_max = 200;   // lists in lists
inline constexpr std::size_t template_range_items_max = 100'000;  // as Jinja's sandbox
inline constexpr std::size_t template_output_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t template_live_bytes_max = 512 * 1024 * 1024;  // all values together
inline constexpr std::size_t template_work_bytes_max = std::size_t{16} << 30;  // read and written

// --- Requests ---
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

// --- GGUF files ---
inline constexpr std::uint64_t gguf_tensors_max = 1 << 20;
inline constexpr std::uint64_t gguf_keys_max = 1 << 16;
inline constexpr std::uint64_t gguf_key_bytes_max = 65'535;  // the format's own limit
inline constexpr std::uint64_t gguf_tensor_name_bytes_max = 256;
inline constexpr std::uint32_t gguf_alignment_max = 1 << 16;
inline constexpr std::uint32_t gguf_parts_max = 1'024;  // of one split file

// --- Tokenizers ---
inline constexpr std::size_t vocabulary_tokens_max = 1 << 23;
inline constexpr std::size_t token_bytes_max = 16 * 1024;

// --- Store ---
inline constexpr auto store_busy_time_max = 5'000ms;      // waiting for a connection or a file lock
inline constexpr std::size_t store_statements_max = 256;  // prepared statements of one connection
inline constexpr std::size_t store_write_queue_max = 10'000;  // waiting writes; more are Overloaded
inline constexpr std::size_t store_write_group_max = 512;     // writes in one commit

// --- Jobs ---
inline constexpr auto job_lease_time = 30s;  // a worker silent for this long has lost its job
inline constexpr auto job_heartbeat_interval = 10s;
inline constexpr auto job_poll_interval = 1s;  // looking for jobs that nobody announced
inline constexpr auto job_backoff_first = 1s;
inline constexpr auto job_backoff_max = 300s;
inline constexpr std::size_t job_early_nudges_max = 1'024;

// --- Model files: far beyond every known model, small enough that no product overflows ---
inline constexpr int model_layers_max = 1'024;
inline constexpr int model_width_max = 1 << 17;  // of a token's vector
inline constexpr int model_heads_max = 1'024;
inline constexpr int model_head_width_max = 4'096;
inline constexpr int model_experts_max = 2'048;
inline constexpr int model_context_max = 1 << 27;
inline constexpr int model_vocabulary_max = 1 << 23;

// --- Grammars ---
inline constexpr auto grammar_compile_time_max = 1s;  // of CPU
// About 120 and 64 bytes each with their indices: together some 40 MB at the most.
inline constexpr std::size_t grammar_terms_max = 300'000;
inline constexpr std::size_t grammar_nodes_max = 200'000;
// --- Engine ---
inline constexpr int engine_context_min = 256;         // a model that fits no more is refused
inline constexpr int engine_prompt_logprob_rows = 16;  // logits of a prompt held at a time
inline constexpr int engine_draft_tokens_max = 7;      // guessed ahead in one step
inline constexpr int engine_top_logprobs_max = 128;    // far above any API's
inline constexpr int engine_stop_tokens_max = 1'024;

// --- Files and uploads ---
inline constexpr std::uint64_t file_bytes_max = 512ull * 1024 * 1024;
inline constexpr std::uint64_t multipart_overhead_bytes_max =
    1024 * 1024;  // form fields beside the file
inline constexpr std::size_t files_page_max = 10'000;
inline constexpr std::int64_t file_expiry_seconds_min = 3'600;
inline constexpr std::int64_t file_expiry_seconds_max = 2'592'000;
inline constexpr std::int64_t upload_bytes_max = 8ll * 1024 * 1024 * 1024;
inline constexpr std::uint64_t upload_part_bytes_max =
    64ull * 1024 * 1024;  // what SDKs cut files into
inline constexpr std::int64_t upload_seconds_max = 3'600;

}  // namespace limits
