#include "store/repo/checksum.h"

#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <string>

#include "base/log.h"

namespace store {

std::int64_t checksum(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size() + sizeof(std::uint64_t);
  std::string all;
  all.reserve(size);
  for (const auto part : parts) {
    // The length keeps ("ab", "c") and ("a", "bc") apart.
    const std::uint64_t length = part.size();
    all.append(reinterpret_cast<const char*>(&length), sizeof length);
    all.append(part);
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), digest.data());
  std::int64_t first;
  std::memcpy(&first, digest.data(), sizeof first);
  return first;
}

Status verify_checksum(std::int64_t expected, std::initializer_list<std::string_view> parts) {
  if (checksum(parts) == expected) return {};
  LOG(Error, "database: a row does not match its checksum");
  return fail(ErrorCode::CorruptData, "The stored data is damaged.", {}, "data_corrupt");
}

}  // namespace store
