// Limits of files and uploads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace limits {

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
inline constexpr std::int64_t upload_parts_max = 10'000;
// The bytes of an upload that ran out stay a little longer, for a `complete` that is under way.
inline constexpr std::int64_t upload_parts_seconds_kept = upload_seconds_max + 3'600;
// An upload that is over can still be asked about for a day.
inline constexpr std::int64_t upload_seconds_kept = upload_seconds_max + 24 * 3'600;

}  // namespace limits
