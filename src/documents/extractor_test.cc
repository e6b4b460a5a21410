#include "documents/extractor.h"

#include <gtest/gtest.h>

#include "documents/child.h"
#include "documents/testing/make_files.h"

namespace documents {
namespace {

Result<Document> extract(std::string_view bytes, const std::string& name,
                         ExtractorOptions options = {}) {
  if (options.program == "/proc/self/exe") options.program = PARLANCE_EXTRACT_DOCUMENT;
  const Extractor extractor(std::move(options));
  auto input = Input::from(bytes);
  EXPECT_TRUE(input);
  return extractor.extract_blocking(*input, name, "");
}

TEST(Extractor, ReadsEveryKindInTheSandbox) {
  auto pdf = extract(testing::make_pdf({"Page one", "Page two"}), "a.pdf");
  ASSERT_TRUE(pdf) << pdf.error().message;
  EXPECT_EQ(pdf->text(), "Page one\n\nPage two");
  auto docx = extract(testing::make_docx("<w:p><w:t>Word</w:t></w:p>"), "a.docx");
  ASSERT_TRUE(docx) << docx.error().message;
  EXPECT_EQ(docx->text(), "Word");
  auto html = extract("<p>caf\xE9</p>", "a.html");
  ASSERT_TRUE(html) << html.error().message;
  EXPECT_EQ(html->text(), "caf\xC3\xA9");
}

TEST(Extractor, SaysWhyNot) {
  EXPECT_EQ(extract("", "a.txt").error().message,
            "The file could not be parsed because it is empty.");
  EXPECT_EQ(extract("\x89PNG", "a.png").error().message, "The file type is not supported.");
  EXPECT_EQ(extract(testing::make_pdf({""}), "a.pdf").error().message,
            "The file could not be parsed because there is no text in it.");
}

// 40 MB of text from 40 kB.
TEST(Extractor, EndsBombs) {
  const std::string text(40'000'000, 'a');
  const auto bomb = testing::make_docx("<w:p><w:t>" + text + "</w:t></w:p>");
  const auto read = extract(bomb, "bomb.docx");
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().code == ErrorCode::TooLarge ||
              read.error().code == ErrorCode::InvalidRequest)
      << read.error().message;
}

TEST(Extractor, BoundsTimeAndAnswer) {
  EXPECT_EQ(extract("x", "a.txt", {.time_max = std::chrono::milliseconds(0)}).error().code,
            ErrorCode::Timeout);
  const auto size = write_answer(Document{{{.text = "xyz"}}}).size();
  EXPECT_TRUE(extract("xyz", "a.txt", {.answer_bytes_max = size}));
  EXPECT_EQ(extract("xyz", "a.txt", {.answer_bytes_max = size - 1}).error().code,
            ErrorCode::TooLarge);
}

TEST(Extractor, AChildThatCannotStartOrSaysNonsenseIsAnError) {
  EXPECT_FALSE(extract("x", "a.txt", {.program = "/nonexistent"}));
  EXPECT_FALSE(extract("x", "a.txt", {.program = "/bin/true"}));
  EXPECT_FALSE(extract("x", "a.txt", {.program = "/bin/false"}));
}

TEST(Answer, ComesBackAsItWas) {
  const Document document{{{.page = 3, .heading = "H > I", .text = "a\n\"b\""}, {.text = "c"}}};
  const auto read = read_answer(write_answer(document));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->sections.size(), 2u);
  EXPECT_EQ(read->sections[0].page, 3);
  EXPECT_EQ(read->sections[0].heading, "H > I");
  EXPECT_EQ(read->sections[0].text, "a\n\"b\"");
  EXPECT_EQ(read_answer(R"({"sections":[[1,2,3]]})").error().code, ErrorCode::InvalidRequest);
  EXPECT_EQ(read_answer(R"({"error":"storage_failed","message":"x"})").error().code,
            ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace documents
