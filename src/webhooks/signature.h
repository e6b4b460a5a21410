// The signature of a webhook: Standard Webhooks, version 1 (standardwebhooks.com, "Signature
// scheme"), HMAC-SHA256.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace webhooks {

// `whsec_` + base64 of 32 random bytes.
std::string new_secret(base::Random& random);

struct Signed {
  std::string_view id;         // webhook-id
  std::int64_t timestamp = 0;  // webhook-timestamp, Unix seconds
  std::string_view body;       // exactly the bytes that are sent
};
// "v1,<base64>". A secret without the prefix `whsec_` is taken as it is.
std::string signature(std::string_view secret, const Signed& message);

}  // namespace webhooks
