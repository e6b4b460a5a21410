#include "compute/gguf/file.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/limits/gguf.h"
#include "compute/gguf/writer.h"

namespace gguf {
namespace {

using compute::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// Encodes a file field by field, so that tests can say anything a hostile file could.
class Raw {
 public:
  template <class T>
  Raw& num(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Raw& u32(std::uint32_t value) { return num(value); }
  Raw& u64(std::uint64_t value) { return num(value); }
  Raw& str(std::string_view text) {
    u64(text.size());
    text_.append(text);
    return *this;
  }
  Raw& header(std::uint64_t n_tensors, std::uint64_t n_keys, std::uint32_t version = 3) {
    text_ += "GGUF";
    return u32(version).u64(n_tensors).u64(n_keys);
  }
  Raw& tensor(std::string_view name, std::vector<std::uint64_t> shape, std::uint32_t type,
              std::uint64_t offset) {
    str(name).u32(static_cast<std::uint32_t>(shape.size()));
    for (const auto size : shape) u64(size);
    return u32(type).u64(offset);
  }
  Raw& pad_to(std::size_t alignment) {
    while (text_.size() % alignment != 0) text_ += '\0';
    return *this;
  }
  Raw& zeros(std::size_t count) {
    text_.append(count, '\0');
    return *this;
  }
  // The message of the error that parsing gives; "" when it parses.
  std::string error() const {
    const auto file = File::parse(as_bytes(text_));
    if (file) return "";
    EXPECT_EQ(file.error().code, ErrorCode::CorruptData);
    return file.error().message;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

constexpr std::uint32_t kF32 = 0;
constexpr std::uint32_t kQ4_0 = 2;

struct Sample {
  std::vector<float> weights = std::vector<float>(12, 1.5F);
  std::vector<float> bias = {1, 2, 3};
  std::string bytes;

  explicit Sample(std::uint32_t alignment = kAlignmentDefault) {
    Layout layout(alignment);
    fill(layout);
    const std::array data = {std::as_bytes(std::span(weights)), std::as_bytes(std::span(bias))};
    bytes = to_bytes(layout, data);
  }
  static void fill(Layout& layout) {
    layout.set("general.architecture", "llama");
    layout.set("llama.block_count", std::uint32_t{7});
    layout.set("llama.rope.freq_base", 1e6F);
    layout.set("flag", true);
    layout.set("big", std::int64_t{1} << 40);
    layout.set("negative", std::int32_t{-5});
    const std::vector<std::string> tokens = {"a", "", std::string("n\0l", 3)};
    layout.set("tokens", std::span(tokens));
    const std::vector<float> scores = {0.5F, -1.0F};
    layout.set("scores", std::span(scores));
    const std::vector<std::int32_t> types = {1, 3};
    layout.set("types", std::span(types));
    layout.add_tensor("weights", DType::F32, std::array<std::int64_t, 2>{4, 3});
    layout.add_tensor("bias", DType::F32, std::array<std::int64_t, 1>{3});
  }
};

std::filesystem::path temporary(const std::string& name) {
  const auto folder =
      std::filesystem::temp_directory_path() /
      ("gguf_test_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
       std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  return folder / name;
}

TEST(GgufFile, ReadsWhatTheWriterWrote) {
  const Sample sample;
  const auto file = File::parse(as_bytes(sample.bytes));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version(), 3U);
  EXPECT_EQ(file->require<std::string_view>("general.architecture"), "llama");
  EXPECT_EQ(file->require<std::uint32_t>("llama.block_count"), 7U);
  EXPECT_EQ(file->require<float>("llama.rope.freq_base"), 1e6F);
  EXPECT_EQ(file->require<bool>("flag"), true);
  EXPECT_EQ(file->require<std::int64_t>("big"), std::int64_t{1} << 40);
  EXPECT_EQ(file->require<std::int32_t>("negative"), -5);
  EXPECT_THAT(*file->require<std::vector<float>>("scores"), ElementsAre(0.5F, -1.0F));
  EXPECT_THAT(*file->require<std::vector<std::int32_t>>("types"), ElementsAre(1, 3));
  EXPECT_THAT(*file->require<std::span<const std::string_view>>("tokens"),
              ElementsAre("a", "", std::string_view("n\0l", 3)));

  ASSERT_EQ(file->tensors().size(), 2U);
  const TensorInfo* weights = *file->tensor("weights");
  EXPECT_THAT(weights->shape, ElementsAre(4, 3, 1, 1));
  EXPECT_EQ(weights->n_dims, 2U);
  EXPECT_EQ(weights->n_elements, 12U);
  EXPECT_EQ(weights->bytes.size(), 48U);
  const TensorInfo* bias = *file->tensor("bias");
  EXPECT_EQ(bias->offset, 64U);
  EXPECT_EQ(std::memcmp(bias->bytes.data(), sample.bias.data(), 12), 0);
}

TEST(GgufFile, HonoursTheAlignmentKey) {
  const Sample sample(4096);
  const auto file = File::parse(as_bytes(sample.bytes));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ((*file->tensor("bias"))->offset, 4096U);
  EXPECT_EQ(std::memcmp((*file->tensor("bias"))->bytes.data(), sample.bias.data(), 12), 0);
}

TEST(GgufFile, NamesTheKeyThatIsMissingOrOfAnotherType) {
  const Sample sample;
  const auto file = File::parse(as_bytes(sample.bytes));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->require<bool>("nope").error().message, "GGUF: required key 'nope' is missing");
  EXPECT_EQ(file->require<float>("llama.block_count").error().message,
            "GGUF: key 'llama.block_count' is u32, expected a float");
  EXPECT_EQ(file->require<std::vector<std::int32_t>>("scores").error().message,
            "GGUF: key 'scores' is array of 2 f32, expected an array of integers in range");
  EXPECT_EQ(file->tensor("nope").error().message, "GGUF: tensor 'nope' is missing");
  EXPECT_FALSE(file->find<bool>("nope").value().has_value());
  EXPECT_EQ(file->find_or<std::uint32_t>("nope", 3), 3U);
}

TEST(GgufFile, ConvertsIntegersThatFitAndRefusesOthers) {
  const Sample sample;
  const auto file = File::parse(as_bytes(sample.bytes));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->require<std::uint8_t>("llama.block_count"), 7);
  EXPECT_EQ(file->require<std::uint64_t>("llama.block_count"), 7U);
  EXPECT_FALSE(file->require<std::uint32_t>("negative"));
  EXPECT_FALSE(file->require<std::int32_t>("big"));
  EXPECT_FALSE(file->require<std::uint32_t>("flag"));
  EXPECT_EQ(file->require<double>("llama.rope.freq_base"), 1e6);
}

TEST(GgufFile, FieldsRemembersTheFirstError) {
  const Sample sample;
  const auto file = File::parse(as_bytes(sample.bytes));
  ASSERT_TRUE(file);
  Fields fields(*file, "llama.");
  EXPECT_EQ(fields.require<std::uint32_t>("block_count"), 7U);
  EXPECT_EQ(fields.require<bool>("/flag"), true);
  EXPECT_EQ(fields.find_or<float>("scale", 2.0F), 2.0F);
  EXPECT_TRUE(fields.status());
  fields.require<std::uint32_t>("first");
  fields.require<std::uint32_t>("second");
  EXPECT_EQ(fields.status().error().message, "GGUF: required key 'llama.first' is missing");
}

TEST(GgufFile, ReadsVersion2) {
  Raw raw;
  raw.header(0, 1, 2).str("k").u32(4).u32(9);
  const auto file = File::parse(as_bytes(raw.text()));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->require<std::uint32_t>("k"), 9U);
}

TEST(GgufFile, EveryTruncationIsAnError) {
  const Sample sample;
  // The last tensor's padding may be absent, everything else may not.
  const std::size_t needed = sample.bytes.size() - (32 - 12);
  for (std::size_t size = 0; size < needed; ++size) {
    const std::string cut = sample.bytes.substr(0, size);
    const auto file = File::parse(as_bytes(cut));
    ASSERT_FALSE(file) << size;
    ASSERT_EQ(file.error().code, ErrorCode::CorruptData) << size;
  }
  EXPECT_TRUE(File::parse(as_bytes(sample.bytes.substr(0, needed)).first(needed)));
}

TEST(GgufFile, EverySingleByteChangeIsSafe) {
  const Sample sample;
  for (std::size_t i = 0; i < sample.bytes.size(); ++i) {
    for (const char value : {'\x00', '\x01', '\x7f', '\xff'}) {
      std::string changed = sample.bytes;
      changed[i] = value;
      const auto file = File::parse(as_bytes(changed));
      if (!file) continue;
      for (const TensorInfo& tensor : file->tensors()) {
        const auto* end = reinterpret_cast<const std::byte*>(changed.data() + changed.size());
        ASSERT_LE(tensor.bytes.data() + tensor.bytes.size(), end);
      }
    }
  }
}

TEST(GgufFile, RefusesWhatIsNotGguf) {
  EXPECT_THAT(Raw().error(), HasSubstr("too short"));
  EXPECT_THAT(Raw().u32(0x67676d6c).zeros(64).error(), HasSubstr("not a GGUF file"));
  EXPECT_THAT(Raw().header(0, 0, 1).error(), HasSubstr("version 1"));
  EXPECT_THAT(Raw().header(0, 0, 4).error(), HasSubstr("version 4"));
  EXPECT_THAT(Raw().header(0, 0, 0x03000000).error(), HasSubstr("big endian"));
}

TEST(GgufFile, RefusesFourBytes) {  // CVE-2024-39720
  EXPECT_THAT(File::parse(as_bytes("GGUF")).error().message, HasSubstr("cut off"));
}

TEST(GgufFile, RefusesCountsThatCannotFit) {  // CVE-2024-21802, CVE-2024-23605, CVE-2025-0312 ff.
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(Raw().header(kHuge, 0).zeros(64).error(), HasSubstr("tensors cannot fit"));
  EXPECT_THAT(Raw().header(0, kHuge).zeros(64).error(), HasSubstr("keys cannot fit"));
  EXPECT_THAT(Raw().header(0, kHuge / 13 + 1).zeros(64).error(), HasSubstr("keys cannot fit"));
  EXPECT_THAT(Raw().header(0, 1).str("k").u32(9).u32(4).u64(kHuge / 4 + 2).zeros(64).error(),
              HasSubstr("do not fit"));
  EXPECT_THAT(Raw().header(0, 1).str("k").u32(9).u32(8).u64(kHuge / 16).zeros(64).error(),
              HasSubstr("do not fit"));
  EXPECT_THAT(Raw().header(0, 1).str("k").u32(8).u64(kHuge).zeros(64).error(),
              HasSubstr("does not fit"));
  EXPECT_THAT(Raw().header(0, 1).u64(kHuge - 7).zeros(64).error(), HasSubstr("cut off"));
}

TEST(GgufFile, RefusesSizesThatOverflow) {  // CVE-2025-53630, CVE-2026-27940, CVE-2026-33298
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 32;
  EXPECT_THAT(Raw().header(1, 0).tensor("t", {kHalf, kHalf}, kF32, 0).zeros(64).error(),
              HasSubstr("overflows"));
  EXPECT_THAT(Raw().header(1, 0).tensor("t", {kHalf, kHalf >> 2}, kF32, 0).zeros(64).error(),
              HasSubstr("overflows"));
  EXPECT_THAT(Raw().header(1, 0).tensor("t", {1ULL << 63}, kF32, 0).zeros(64).error(),
              HasSubstr("dimension 0"));
  EXPECT_THAT(Raw().header(1, 0).tensor("t", {4, 0}, kF32, 0).zeros(64).error(),
              HasSubstr("dimension 1 of tensor 't' is 0"));
}

TEST(GgufFile, RefusesTensorsOutsideTheFile) {  // CVE-2026-7482
  Raw raw;
  raw.header(1, 0).tensor("t", {8}, kF32, 32).pad_to(32).zeros(63);
  EXPECT_THAT(raw.error(), HasSubstr("lies outside"));
  raw.zeros(1);
  EXPECT_EQ(raw.error(), "");
  EXPECT_THAT(Raw().header(1, 0).tensor("t", {8}, kF32, ~std::uint64_t{31}).zeros(64).error(),
              HasSubstr("lies outside"));
}

TEST(GgufFile, RefusesOverlapsAndMisalignment) {
  EXPECT_THAT(
      Raw().header(2, 0).tensor("a", {9}, kF32, 0).tensor("b", {1}, kF32, 32).zeros(128).error(),
      HasSubstr("'a' and 'b' overlap"));
  EXPECT_THAT(Raw().header(1, 0).tensor("a", {1}, kF32, 4).zeros(128).error(),
              HasSubstr("not a multiple of 32"));
  EXPECT_THAT(Raw().header(1, 0).tensor("a", {33}, kQ4_0, 0).zeros(128).error(),
              HasSubstr("not a multiple of the 32"));
}

TEST(GgufFile, RefusesBadAlignmentKeys) {  // division by zero and 2^31 in others
  for (const std::uint32_t alignment : {0U, 3U, 24U, 1U << 17, 1U << 31}) {
    EXPECT_THAT(Raw().header(0, 1).str("general.alignment").u32(4).u32(alignment).error(),
                HasSubstr("general.alignment"))
        << alignment;
  }
  EXPECT_THAT(Raw().header(0, 1).str("general.alignment").u32(8).str("32").error(),
              HasSubstr("is string"));
}

TEST(GgufFile, RefusesDuplicatesAndUnknownTypes) {
  EXPECT_THAT(Raw().header(0, 2).str("k").u32(4).u32(1).str("k").u32(4).u32(1).error(),
              HasSubstr("'k' appears twice"));
  EXPECT_THAT(
      Raw().header(2, 0).tensor("a", {1}, kF32, 0).tensor("a", {1}, kF32, 32).zeros(128).error(),
      HasSubstr("'a' appears twice"));
  EXPECT_THAT(Raw().header(0, 1).str("k").u32(13).u64(0).error(), HasSubstr("unknown type 13"));
  EXPECT_THAT(Raw().header(0, 1).str("k").u32(9).u32(13).u64(0).error(), HasSubstr("unknown type"));
  EXPECT_THAT(Raw().header(0, 1).str("k").u32(9).u32(9).u64(1).zeros(16).error(),
              HasSubstr("array of arrays"));
  EXPECT_THAT(Raw().header(1, 0).tensor("a", {1}, 4, 0).zeros(64).error(),
              HasSubstr("unknown type 4"));
  EXPECT_THAT(Raw().header(1, 0).tensor("a", {1, 1, 1, 1, 1}, kF32, 0).zeros(64).error(),
              HasSubstr("5 dimensions"));
  EXPECT_THAT(Raw().header(0, 1).str("k").u32(7).num(std::uint8_t{2}).error(),
              HasSubstr("neither 0 nor 1"));
}

TEST(GgufFile, LimitsNamesAtTheLimitAndOneBeyond) {
  const std::string name(limits::gguf_tensor_name_bytes_max, 'n');
  EXPECT_EQ(Raw().header(1, 0).tensor(name, {1}, kF32, 0).pad_to(32).zeros(32).error(), "");
  EXPECT_THAT(Raw().header(1, 0).tensor(name + "n", {1}, kF32, 0).pad_to(32).zeros(32).error(),
              HasSubstr("too long"));
  const std::string key(limits::gguf_key_bytes_max, 'k');
  EXPECT_EQ(Raw().header(0, 1).str(key).u32(4).u32(1).error(), "");
  EXPECT_THAT(Raw().header(0, 1).str(key + "k").u32(4).u32(1).error(), HasSubstr("too long"));
}

TEST(GgufFile, TypeConfusionIsAnErrorNotARead) {  // i8 scores read as f32 in others
  Raw raw;
  raw.header(0, 1).str("scores").u32(9).u32(1).u64(3).zeros(3);
  const auto file = File::parse(as_bytes(raw.text()));
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->require<std::vector<float>>("scores"));
}

TEST(GgufFile, OpensOnlyRegularFiles) {
  EXPECT_EQ(File::open("/nonexistent/model.gguf").error().code, ErrorCode::NotFound);
  EXPECT_THAT(File::open("/dev/zero").error().message, HasSubstr("not a regular file"));
  EXPECT_THAT(File::open("/").error().message, HasSubstr("not a regular file"));
}

class Split : public ::testing::Test {
 protected:
  static void write_part(const std::string& path, std::uint16_t number, std::uint16_t count,
                         const std::string& tensor, std::int32_t n_tensors) {
    Layout layout;
    layout.set("split.no", std::uint32_t{number});
    layout.set("split.count", std::uint32_t{count});
    layout.set("split.tensors.count", n_tensors);
    if (number == 0) layout.set("general.name", "whole");
    layout.add_tensor(tensor, DType::F32, std::array<std::int64_t, 1>{2});
    const std::array<float, 2> data = {float(number), 2.0F};
    auto writer = Writer::create(path, layout);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->write(std::as_bytes(std::span(data)).first(3)));
    ASSERT_TRUE(writer->write(std::as_bytes(std::span(data)).subspan(3)));
    ASSERT_TRUE(writer->finish());
  }
};

TEST_F(Split, PartsLoadAsOneFromAnyPart) {
  const auto one = temporary("m-00001-of-00002.gguf").string();
  const auto two = temporary("m-00002-of-00002.gguf").string();
  write_part(one, 0, 2, "a", 2);
  write_part(two, 1, 2, "b", 2);
  for (const auto& path : {one, two}) {
    const auto file = File::open(path);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->tensors().size(), 2U);
    EXPECT_EQ(file->require<std::string_view>("general.name"), "whole");
    float first = -1;
    std::memcpy(&first, (*file->tensor("b"))->bytes.data(), sizeof first);
    EXPECT_EQ(first, 1.0F);
  }
}

TEST(GgufFile, ReadsForgottenTensorsAgain) {
  const auto path = temporary("forget.gguf").string();
  std::vector<float> data(50'000);
  std::iota(data.begin(), data.end(), 0.0F);
  Layout layout;
  layout.add_tensor("a", DType::F32, std::array<std::int64_t, 1>{50'000});
  auto writer = Writer::create(path, layout);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->write(std::as_bytes(std::span(data))));
  ASSERT_TRUE(writer->finish());

  const auto file = File::open(path);
  ASSERT_TRUE(file);
  const auto* tensor = *file->tensor("a");
  file->forget(*tensor);
  EXPECT_EQ(std::memcmp(tensor->bytes.data(), data.data(), tensor->bytes.size()), 0);
}

TEST_F(Split, RefusesPartsThatDoNotBelongTogether) {
  const auto one = temporary("x-00001-of-00002.gguf").string();
  const auto two = temporary("x-00002-of-00002.gguf").string();
  write_part(one, 0, 2, "a", 2);
  EXPECT_EQ(File::open(one).error().code, ErrorCode::NotFound);
  write_part(two, 1, 2, "a", 2);
  EXPECT_THAT(File::open(one).error().message, HasSubstr("earlier part"));
  write_part(two, 1, 3, "b", 2);
  EXPECT_THAT(File::open(one).error().message, HasSubstr("another split"));
  write_part(two, 1, 2, "b", 3);
  write_part(one, 0, 2, "a", 3);
  EXPECT_THAT(File::open(one).error().message, HasSubstr("split.tensors.count"));
  const auto alone = temporary("alone.gguf").string();
  write_part(alone, 0, 2, "a", 2);
  EXPECT_THAT(File::open(alone).error().message, HasSubstr("must be named"));
}

TEST(GgufWriter, LeavesNothingBehindWhenDropped) {
  const auto path = temporary("dropped.gguf").string();
  {
    ASSERT_TRUE(Writer::create(path, Layout()));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(GgufWriter, CopiesMetadataOfAnotherFile) {
  const Sample sample;
  const auto file = File::parse(as_bytes(sample.bytes));
  Layout layout;
  layout.copy_metadata(*file);
  layout.set("flag", false);
  const std::string bytes = to_bytes(layout, {});
  const auto copy = File::parse(as_bytes(bytes));
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(copy->metadata().size(), file->metadata().size());
  EXPECT_EQ(copy->require<bool>("flag"), false);
  EXPECT_THAT(*copy->require<std::vector<std::string>>("tokens"),
              ElementsAre("a", "", std::string("n\0l", 3)));
}

}  // namespace
}  // namespace gguf
