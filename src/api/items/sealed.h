// Text that only this server can read again, for clients to keep: `encrypted_content` of thoughts
// and of compacted contexts. AES-256-GCM under the server's key, bound to the project.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "api/items/outside.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/random.h"

namespace api::items {

inline constexpr std::size_t kSealingKeyBytes = 32;
using SealingKey = std::array<std::byte, kSealingKeyBytes>;

// Any thread when its Random allows it. Owned by app.
// Format, in base64url: a version byte, 12 bytes of nonce, the encrypted text, 16 bytes of tag.
class AesSealer final : public Sealer {
 public:
  // `random` must be fit for keys: with the same nonce twice the key is lost.
  AesSealer(const SealingKey& key, base::Random& random) : key_(key), random_(random) {}

  std::string seal(const base::ProjectId& project, std::string_view text) override;
  // The same error for what is damaged, what another server made and what another project holds.
  Result<std::string> open(const base::ProjectId& project, std::string_view sealed,
                           std::string_view id) override;

 private:
  const SealingKey key_;
  base::Random& random_;
};

}  // namespace api::items
