#include "http/sse.h"

#include <gmock/gmock.h>

#include "http/sse_reader.h"

namespace http {
namespace {

using ::testing::ElementsAre;

std::vector<SseEvent> read(std::string_view text) {
  SseReader reader;
  std::vector<SseEvent> events;
  EXPECT_TRUE(reader.feed(text, events));
  return events;
}

TEST(SseEventText, WritesFieldsAndSplitsLines) {
  EXPECT_EQ(sse_event_text("", "x"), "data: x\n\n");
  EXPECT_EQ(sse_event_text("n", "a\nb\r\nc", "7"),
            "event: n\nid: 7\ndata: a\ndata: b\ndata: c\n\n");
  EXPECT_EQ(sse_event_text("", ""), "data: \n\n");
}

TEST(SseReader, ReadsTheSameWhereverItIsCut) {
  const std::string text =
      "\xef\xbb\xbf: hello\r\ndata: caf\xc3\xa9\ndata:two\r\revent: e\rid: 1\ndata\n\n"
      "retry: 10\nnonsense: x\n\ndata: unfinished";
  const auto whole = read(text);
  EXPECT_THAT(whole, ElementsAre(SseEvent{"", "caf\xc3\xa9\ntwo", ""}, SseEvent{"e", "", "1"}));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SseReader reader;
    std::vector<SseEvent> events;
    EXPECT_TRUE(reader.feed(text.substr(0, cut), events));
    EXPECT_TRUE(reader.feed(text.substr(cut), events));
    EXPECT_EQ(events, whole) << cut;
    EXPECT_EQ(reader.retry_ms(), 10);
  }
}

TEST(SseReader, ReadsWhatTheWriterWrites) {
  EXPECT_THAT(read(sse_event_text("delta", "a\n\nb", "3")),
              ElementsAre(SseEvent{"delta", "a\n\nb", "3"}));
}

TEST(SseReader, LimitsAnEvent) {
  SseReader reader(10);
  std::vector<SseEvent> events;
  EXPECT_TRUE(reader.feed("data: 1234\n\n", events));
  EXPECT_EQ(reader.feed("data: 12345", events).error().code, ErrorCode::TooLarge);
  EXPECT_FALSE(reader.feed("\n", events));
  EXPECT_EQ(events.size(), 1u);
}

}  // namespace
}  // namespace http
