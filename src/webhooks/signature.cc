#include "webhooks/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"

namespace webhooks {
namespace {

constexpr std::string_view kPrefix = "whsec_";

}  // namespace

std::string new_secret(base::Random& random) {
  std::array<std::byte, 32> bytes{};
  random.fill(bytes);
  return std::string(kPrefix) + base::base64_encode(bytes);
}

std::string signature(std::string_view secret, const Signed& message) {
  std::string key(secret);
  if (secret.starts_with(kPrefix)) {
    if (auto decoded = base::base64_decode(secret.substr(kPrefix.size()))) key = *decoded;
  }
  const std::string text = fmt::format("{}.{}.{}", message.id, message.timestamp, message.body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &size) != nullptr);
  return "v1," +
         base::base64_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

}  // namespace webhooks
