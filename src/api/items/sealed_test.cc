#include "api/items/sealed.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace api::items {
namespace {

const base::ProjectId kProject{"proj_a"};

class Sealed : public ::testing::Test {
 protected:
  static SealingKey key_of(int fill) {
    SealingKey key;
    key.fill(static_cast<std::byte>(fill));
    return key;
  }
  base::SeededRandom random_{1};
  AesSealer sealer_{key_of(7), random_};
};

TEST_F(Sealed, TextsComeBack) {
  for (const std::string& text : {std::string(), std::string("x"), std::string("Grüße \0 !", 11),
                                 std::string(1'000'000, 'a')}) {
    const std::string sealed = sealer_.seal(kProject, text);
    EXPECT_EQ(sealed.find_first_of("+/ "), std::string::npos);
    EXPECT_EQ(sealer_.open(kProject, sealed, "rs_1"), text);
  }
}

TEST_F(Sealed, TheSameTextIsNeverSealedAlike) {
  EXPECT_NE(sealer_.seal(kProject, "x"), sealer_.seal(kProject, "x"));
}

TEST_F(Sealed, OtherProjectsAndServersCannotOpenIt) {
  const std::string sealed = sealer_.seal(kProject, "secret");
  const auto refused = sealer_.open(base::ProjectId{"proj_b"}, sealed, "rs_1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "The encrypted content for item rs_1 could not be verified. Reason: Encrypted content "
            "could not be decrypted or parsed.");
  EXPECT_EQ(refused.error().reason, "invalid_encrypted_content");
  AesSealer other(key_of(8), random_);
  EXPECT_EQ(other.open(kProject, sealed, "rs_1"), refused);
}

TEST_F(Sealed, AnyChangedByteIsNoticed) {
  const std::string sealed = *base::base64_decode(sealer_.seal(kProject, "secret"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(sealer_.open(kProject, base::base64_encode(changed), ""));
    EXPECT_FALSE(sealer_.open(kProject, base::base64_encode(sealed.substr(0, i)), ""));
  }
  for (const char* text : {"", "!", "not base64 at all", "gAAAAABn"})
    EXPECT_FALSE(sealer_.open(kProject, text, ""));
}

}  // namespace
}  // namespace api::items
