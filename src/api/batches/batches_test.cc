#include <gtest/gtest.h>

#include <cstring>

#include "api/batches/answer.h"
#include "api/batches/input.h"
#include "base/limits/batch.h"

namespace api::batches {
namespace {

// Contents in memory, handed out in pieces so small that lines cross them.
class Text final : public blob::BlobReader {
 public:
  explicit Text(std::string text, std::size_t piece = 7) : text_(std::move(text)), piece_(piece) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(text_.size()); }
  Result<std::size_t> read(std::int64_t offset, std::span<std::byte> out) const override {
    const auto at = static_cast<std::size_t>(offset);
    const std::size_t n = std::min({out.size(), piece_, text_.size() - at});
    std::memcpy(out.data(), text_.data() + at, n);
    return n;
  }

 private:
  std::string text_;
  std::size_t piece_;
};

std::string line(std::string id, std::string prompt, std::string model = "m") {
  return R"({"custom_id":")" + id +
         R"(","method":"POST","url":"/v1/chat/completions","body":{"model":")" + model +
         R"(","messages":[{"role":"user","content":")" + prompt + R"("}]}})";
}

Validation validated(std::string text) {
  auto result = validate(Text(std::move(text)), *find_endpoint("/v1/chat/completions"),
                         [](const std::string& model) { return model == "m"; });
  EXPECT_TRUE(result);
  return std::move(*result);
}

TEST(BatchInput, ReadsLinesWithTheirNumbersWhateverTheirEnds) {
  for (const std::string end : {"\n", "\r\n"}) {
    for (const bool last : {false, true}) {
      const Text file("first" + end + end + "  " + end + "second line" + (last ? end : ""));
      std::vector<LinePlace> places;
      ASSERT_TRUE(each_line(file, [&](const LinePlace& place, std::string_view) -> Status {
        places.push_back(place);
        return {};
      }));
      ASSERT_EQ(places.size(), 2u);
      EXPECT_EQ(places[0].number, 1);
      EXPECT_EQ(places[1].number, 4);
      EXPECT_TRUE(read_line(file, places[0])->starts_with("first"));
      EXPECT_TRUE(read_line(file, places[1])->starts_with("second line"));
    }
  }
}

TEST(BatchInput, AnErrorNamesItsLine) {
  const auto result =
      validated(line("a", "x") + "\n\n{\n" + line("a", "y") + "\n" + line("b", "z", "other"));
  EXPECT_EQ(result.lines, 4);
  ASSERT_EQ(result.errors.size(), 3u);
  EXPECT_EQ(result.errors[0].code, "invalid_json_line");
  EXPECT_EQ(*result.errors[0].line, 3);
  EXPECT_EQ(result.errors[1].code, "duplicate_custom_id");
  EXPECT_EQ(*result.errors[1].line, 4);
  EXPECT_EQ(result.errors[2].code, "mismatched_model");
  EXPECT_EQ(*result.errors[2].line, 5);
}

TEST(BatchInput, TellsOfSoManyErrorsAndNoMore) {
  std::string text;
  for (std::size_t i = 0; i < limits::batch_errors_max + 1; ++i) text += "x\n";
  EXPECT_EQ(validated(text).errors.size(), limits::batch_errors_max);
}

TEST(BatchInput, EmbeddingInputsAreCountedOverAllLines) {
  const auto codes = [](std::int64_t second) {
    const auto request = [](const char* id, std::int64_t n) {
      std::string inputs;
      for (std::int64_t i = 0; i < n; ++i) inputs += i ? ",\"x\"" : "\"x\"";
      return std::string(R"({"custom_id":")") + id +
             R"(","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":[)" + inputs +
             "]}}\n";
    };
    const Text file(request("a", limits::batch_embedding_inputs_max - 5) + request("b", second),
                    1 << 20);
    return validate(file, *find_endpoint("/v1/embeddings"), [](const auto&) { return true; })
        ->errors.size();
  };
  EXPECT_EQ(codes(5), 0u);
  EXPECT_EQ(codes(6), 1u);
}

TEST(BatchInput, PromptsThatBeginAlikeFollowEachOther) {
  const std::string one(3'000, 'p'), two(3'000, 'q');
  std::string text;
  for (int i = 0; i < 6; ++i)
    text += line(std::to_string(i), (i % 2 ? one : two) + std::to_string(i)) + "\n";
  const Text file(text, 1'000);
  auto places = plan(file, [](std::int64_t number) { return number != 6; });
  ASSERT_TRUE(places);
  std::vector<std::int64_t> parity;
  for (const auto& planned : *places) parity.push_back(planned.place.number % 2);
  EXPECT_TRUE(parity == (std::vector<std::int64_t>{0, 0, 1, 1, 1}) ||
              parity == (std::vector<std::int64_t>{1, 1, 1, 0, 0}));
  std::vector<std::pair<std::size_t, std::int64_t>> groups;
  for (const auto& planned : *places) groups.emplace_back(planned.group, planned.shared_head);
  const std::size_t first = parity[1] == parity[2] ? 3 : 2;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    EXPECT_EQ(groups[i].first, i < first ? 0u : 1u);
    EXPECT_EQ(groups[i].second, i == 0 || i == first ? 0 : 1'024);
  }
}

TEST(BatchInput, ShortPromptsWaitForNobody) {
  const Text file(line("1", "same") + "\n" + line("2", "same") + "\n" + line("3", "other"), 1'000);
  auto places = plan(file, [](std::int64_t) { return true; });
  ASSERT_TRUE(places);
  for (const auto& planned : *places) EXPECT_EQ(planned.shared_head, 0);
}

TEST(BatchInput, TheFileMayBeSoLargeAndNoLarger) {
  EXPECT_FALSE(check_size(limits::batch_input_bytes_max));
  EXPECT_TRUE(check_size(limits::batch_input_bytes_max + 1));
}

TEST(BatchAnswer, IsOneLineAndKeepsTheBody) {
  const auto text = answered_line({.id = "batch_req_1",
                                   .custom_id = "a\"b",
                                   .status = 400,
                                   .request_id = "req_1",
                                   .body = "{\n \"error\": {\"message\": \"no\"}\n}\n"});
  EXPECT_EQ(
      text,
      R"({"id":"batch_req_1","custom_id":"a\"b","response":{"status_code":400,"request_id":"req_1","body":{"error":{"message":"no"}}},"error":null})");
  EXPECT_NE(answered_line({.id = "x", .custom_id = "c", .request_id = "r", .body = R"([0.1])"})
                .find("[0.1]"),
            std::string::npos);
}

TEST(BatchAnswer, ReadsTheUsageOfEveryEndpoint) {
  const auto chat = tokens_of(
      R"({"usage":{"prompt_tokens":5,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":3}}})");
  EXPECT_EQ(chat.input, 5);
  EXPECT_EQ(chat.cached, 2);
  EXPECT_EQ(chat.output, 7);
  EXPECT_EQ(chat.reasoning, 3);
  const auto response =
      tokens_of(R"({"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}})");
  EXPECT_EQ(response.input, 1);
  EXPECT_EQ(response.output, 2);
  EXPECT_EQ(tokens_of("no json").input, 0);
  EXPECT_EQ(tokens_of(R"({"usage":null})").input, 0);
}

}  // namespace
}  // namespace api::batches
