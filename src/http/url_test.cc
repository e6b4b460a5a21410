#include "http/url.h"

#include <gtest/gtest.h>

#include "http/address.h"
#include "http/query.h"

namespace http {
namespace {

TEST(Url, ReadsItsParts) {
  const auto url = parse_url("HTTPS://Example.ORG:8443/a%20b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, (Url{"https", "example.org", 8443, "/a%20b?c=d"}));
  EXPECT_EQ(url->origin(), "https://example.org:8443");
  EXPECT_EQ(parse_url("http://x")->text(), "http://x/");
  EXPECT_EQ(parse_url("https://[2001:DB8::1]/")->host, "2001:db8::1");
  EXPECT_EQ(parse_url("https://[::1]:1/")->host_and_port(), "[::1]:1");
}

TEST(Url, RefusesWhatParsersDisagreeAbout) {
  for (const auto* text : {"",
                           "x",
                           "/x",
                           "http:",
                           "http:///x",
                           "http://",
                           "ftp://x/",
                           "file:///etc/passwd",
                           "http://a\\@127.0.0.1/",
                           "http://a@b/",
                           "http://a:b@c/",
                           "http://a b/",
                           "http://a/ b",
                           "http://a:0/",
                           "http://a:65536/",
                           "http://a:x/",
                           "http://a%00b/",
                           "http://a%2eb%2f/",
                           "http://[::1/",
                           "http://\xc3\xa9/",
                           "javascript:alert(1)",
                           "http://a\n/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(Url, ResolvesReferences) {
  const auto base = *parse_url("https://a.example/x/y?z");
  EXPECT_EQ(resolve_url(base, "/b")->text(), "https://a.example/b");
  EXPECT_EQ(resolve_url(base, "b")->text(), "https://a.example/x/b");
  EXPECT_EQ(resolve_url(base, "//other/b")->text(), "https://other/b");
  EXPECT_EQ(resolve_url(base, "http://c/")->text(), "http://c/");
  EXPECT_FALSE(resolve_url(base, "gopher://c/"));
}

TEST(Address, KnowsWhatIsPublic) {
  const auto is_public = [](const char* text) {
    return is_public_address(boost::asio::ip::make_address(text));
  };
  for (const auto* text :
       {"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
        "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
  for (const auto* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "127.0.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.2.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::a00:1",
                           "2002:7f00:1::",
                           "fe80::1",
                           "fc00::1",
                           "fd00::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2001::1",
                           "100::1",
                           "::127.0.0.1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(Query, KeepsRepeatedNamesAndReadsLists) {
  const Query query("a=1&a=2&b[]=3&b%5B%5D=4&empty=&flag&x=%41+b&bad=%zz&&");
  EXPECT_EQ(query.get("a"), "1");
  EXPECT_EQ(query.all("a").size(), 2u);
  EXPECT_EQ(query.all("b"), (std::vector<std::string_view>{"3", "4"}));
  EXPECT_EQ(query.get("empty"), "");
  EXPECT_EQ(query.get("flag"), "");
  EXPECT_EQ(query.get("x"), "A b");
  EXPECT_EQ(query.get("bad"), "%zz");
  EXPECT_EQ(query.get("none"), std::nullopt);
}

TEST(Query, ReadsDeepObjects) {
  const Query query("metadata[k]=v&metadata%5Ba%20b%5D=w&metadata=x&metadatax[y]=z");
  const auto members = query.object("metadata");
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].first, "k");
  EXPECT_EQ(members[1].first, "a b");
  EXPECT_EQ(Query(query.text()).pairs(), query.pairs());
}

}  // namespace
}  // namespace http
