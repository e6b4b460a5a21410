#include "base/json/value.h"

#include <gtest/gtest.h>

#include <limits>

namespace json {
namespace {

TEST(Dump, PrintsWhatItReads) {
  const char* text =
      R"({"a":null,"b":[true,false,[]],"c":{},"d":-9223372036854775808,"e":18446744073709551615,)"
      R"("f":"\u0000\b\f\n\r\t\"\\/é\u001f"})";
  EXPECT_EQ(dump(*parse(text)), text);
}

TEST(Dump, NumbersAreShortAndKeepTheirKind) {
  EXPECT_EQ(dump(1.0), "1.0");
  EXPECT_EQ(dump(-0.0), "-0.0");
  EXPECT_EQ(dump(0.1), "0.1");
  EXPECT_EQ(dump(1e22), "1e+22");
  EXPECT_EQ(dump(5e-324), "5e-324");
  EXPECT_EQ(dump(1), "1");
  for (const double number : {0.1 + 0.2, 1e300, 123456.789, -2.5e-9}) {
    EXPECT_EQ(parse(dump(number))->as_double(), number);
  }
}

TEST(Dump, WhatIsNoNumberIsNullAtAnyDepth) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(dump(Array{infinite, -infinite, std::numeric_limits<double>::quiet_NaN()}),
            "[null,null,null]");
}

TEST(Dump, Prettily) {
  EXPECT_EQ(dump_pretty(*parse(R"({"a":[1,{"b":2}],"c":[]})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": []\n}");
}

TEST(Parse, ReadsBackWhateverBytesAStringHas) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  EXPECT_EQ(parse(quote(all))->as_string(), all);
}

}  // namespace
}  // namespace json
