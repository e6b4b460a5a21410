// Limits of HTTP, server and client.
#pragma once

#include <chrono>
#include <cstddef>

namespace limits {

using namespace std::chrono_literals;

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

}  // namespace limits
