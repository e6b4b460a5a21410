#include "base/encoding.h"

#include <gtest/gtest.h>

namespace {

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(base::base64_decode(base::base64_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(base::base64_encode(std::string_view("any carnal pleas")), "YW55IGNhcm5hbCBwbGVhcw==");
}

TEST(Base64, RefusesWhatIsNone) {
  EXPECT_FALSE(base::base64_decode("a"));
  EXPECT_FALSE(base::base64_decode("ab$d"));
  EXPECT_FALSE(base::base64_decode("ab=d"));
  EXPECT_EQ(base::base64_decode("_-8"), "\xff\xef");
}

TEST(Utf8, CompletePrefixKeepsUnfinishedCharactersBack) {
  const std::string text = "a\xe2\x82\xac";  // a, euro sign
  EXPECT_EQ(base::utf8_complete_prefix(text), 4u);
  EXPECT_EQ(base::utf8_complete_prefix(text.substr(0, 3)), 1u);
  EXPECT_EQ(base::utf8_complete_prefix(text.substr(0, 2)), 1u);
  EXPECT_EQ(base::utf8_complete_prefix("\xff"), 1u);
}

TEST(Utf8, RepairReplacesMaximalMalformedParts) {
  EXPECT_EQ(base::utf8_repair("a\xf0\x80\x80g"), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdg");
  EXPECT_EQ(base::utf8_repair("\xe2\x82"), "\xef\xbf\xbd");
  EXPECT_TRUE(base::utf8_valid("\xf4\x8f\xbf\xbf"));
  EXPECT_FALSE(base::utf8_valid("\xed\xa0\x80"));
  EXPECT_FALSE(base::utf8_valid("\xc0\xaf"));
}

}  // namespace
