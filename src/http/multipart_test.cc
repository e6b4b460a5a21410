#include "http/multipart.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "http/test_client.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using Kind = MultipartReader::Kind;

struct Read {
  std::vector<std::string> parts;  // "name|filename|type|data"
  std::string error;               // empty when the form ended well
  ErrorCode code = ErrorCode::Internal;
};

// Feeds `body` in two pieces, cut at `cut`.
Read read(std::string_view body, std::size_t cut, std::string_view boundary = "b",
          MultipartLimits limits = {}) {
  MultipartReader reader(boundary, limits);
  Read out;
  for (const auto piece : {body.substr(0, cut), body.substr(cut)}) {
    reader.feed(piece);
    while (true) {
      const auto event = reader.next();
      if (!event) {
        out.error = event.error().message;
        out.code = event.error().code;
        return out;
      }
      if (event->kind == Kind::End) return out;
      if (event->kind == Kind::NeedInput) break;
      const auto& part = reader.part();
      if (event->kind == Kind::PartBegin) {
        out.parts.push_back(part.name + "|" + part.filename.value_or("-") + "|" +
                            part.content_type + "|");
      }
      if (event->kind == Kind::Data) out.parts.back() += event->bytes;
      if (event->kind == Kind::PartEnd) out.parts.back() += "$";
    }
  }
  out.error = "unfinished";
  return out;
}

std::string part(std::string_view disposition, std::string_view data) {
  return "--b\r\nContent-Disposition: form-data; " + std::string(disposition) + "\r\n\r\n" +
         std::string(data) + "\r\n";
}

TEST(MultipartReader, ReadsTheSameWhereverItIsCut) {
  const std::string body =
      "preamble\r\n" + part("name=\"a\"", "1") + part("name=empty", "") +
      "--b \t\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; name=\"f\"; "
      "filename=\"x.txt\"\r\n\r\nline\r\n--\r\n-b\r\n--a\r\n\r\r\n\r\n--b--\r\nepilogue --b";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const auto form = read(body, cut);
    EXPECT_EQ(form.error, "") << cut;
    EXPECT_THAT(form.parts,
                ::testing::ElementsAre("a|-||1$", "empty|-||$",
                                       "f|x.txt|text/plain|line\r\n--\r\n-b\r\n--a\r\n\r\r\n$"))
        << cut;
  }
}

TEST(MultipartReader, ReadsNamesAsClientsWriteThem) {
  const auto name_of = [](std::string_view disposition) {
    const auto form = read(part(disposition, "") + "--b--", 0);
    return form.parts.empty() ? form.error : form.parts[0];
  };
  EXPECT_EQ(name_of(R"(name="a b"; filename="x \"y\".txt")"), "a b|x \"y\".txt||$");
  EXPECT_EQ(name_of(R"(name="a%22b"; filename="")"), "a\"b|||$");
  EXPECT_EQ(name_of(R"(name=f; filename="C:\dir\x.txt")"), "f|x.txt||$");
  EXPECT_EQ(name_of(R"(name=f; filename="../../etc/passwd")"), "f|passwd||$");
  EXPECT_EQ(name_of("name=f; filename=\"\xe2\x82\xac.txt\""), "f|\xe2\x82\xac.txt||$");
  EXPECT_EQ(name_of("name=f; filename=\"e.txt\"; filename*=UTF-8''%e2%82%ac.txt"),
            "f|\xe2\x82\xac.txt||$");
  EXPECT_EQ(name_of("name=\"semi;colon\"; filename=x"), "semi;colon|x||$");
  EXPECT_THAT(name_of("filename=x"), HasSubstr("no name"));
  EXPECT_THAT(name_of("name=\"open"), HasSubstr("Content-Disposition"));
  EXPECT_THAT(name_of("name=\"a\tb\""), HasSubstr("bad name"));
}

TEST(MultipartReader, RefusesWhatIsNotMultipart) {
  EXPECT_EQ(read("", 0).error, "unfinished");
  EXPECT_EQ(read("--b", 0).error, "unfinished");
  EXPECT_EQ(read(part("name=a", "x"), 0).error, "unfinished");
  EXPECT_THAT(read("--bc\r\n", 0).error, HasSubstr("text after a boundary"));
  EXPECT_THAT(read("--b\r\n\r\nx\r\n--b--", 0).error, HasSubstr("no name"));
  EXPECT_THAT(read("--b\r\nnonsense\r\n\r\nx\r\n--b--", 0).error, HasSubstr("bad header"));
  EXPECT_THAT(read("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n", 0).error,
              HasSubstr("not form-data"));
}

TEST(MultipartReader, EnforcesItsLimits) {
  const std::string two = part("name=a", "") + part("name=b", "") + "--b--";
  EXPECT_EQ(read(two, 0, "b", {.parts_max = 2}).error, "");
  EXPECT_EQ(read(two, 0, "b", {.parts_max = 1}).code, ErrorCode::TooLarge);
  const std::string head = "\r\nContent-Disposition: form-data; name=a";
  const auto one = part("name=a", "") + "--b--";
  EXPECT_EQ(read(one, 0, "b", {.header_bytes_max = head.size()}).error, "");
  EXPECT_EQ(read(one, 0, "b", {.header_bytes_max = head.size() - 1}).code, ErrorCode::TooLarge);
  EXPECT_EQ(read("--b\r\n" + std::string(100, 'x'), 5, "b", {.header_bytes_max = 50}).code,
            ErrorCode::TooLarge);
}

TEST(MultipartBoundary, IsTakenFromTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=x; Boundary=\"a b\""), "a b");
  EXPECT_EQ(multipart_boundary("multipart/form-data"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary="), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/mixed; boundary=a"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')),
            std::nullopt);
}

TEST(ReadForm, SeparatesFieldsFromFiles) {
  std::string stored;
  auto task = [](std::string& stored) -> awaitable<Result<std::string>> {
    Request request(Method::Post, "/", {{"content-type", "multipart/form-data; boundary=b"}},
                    part("name=\"purpose\"", "batch") + part("name=\"k[]\"", "1") +
                        part("name=\"k[]\"", "2") + part("name=file; filename=a.jsonl", "{}\n") +
                        "--b--\r\n");
    OpenSink open = [&stored](const PartHead&,
                              const Form& so_far) -> Result<std::unique_ptr<PartSink>> {
      EXPECT_EQ(so_far.field("purpose"), "batch");
      return std::make_unique<MemorySink>(stored, 100);
    };
    auto form = co_await read_form(request, std::move(open));
    if (!form) co_return fail(form.error());
    EXPECT_EQ(form->all("k").size(), 2u);
    EXPECT_EQ(form->file("file")->bytes, 3u);
    co_return *form->file("file")->head.filename;
  };
  IoThreads threads(1);
  EXPECT_EQ(run(threads.executor(), task(stored)).value(), "a.jsonl");
  EXPECT_EQ(stored, "{}\n");
}

TEST(ReadForm, LimitsFields) {
  auto task = [](std::size_t bytes_max) -> awaitable<Result<Form>> {
    Request request(Method::Post, "/", {{"content-type", "multipart/form-data; boundary=b"}},
                    part("name=a", "12345") + "--b--\r\n");
    MultipartLimits limits{.field_bytes_max = bytes_max};
    co_return co_await read_form(request, {}, limits);
  };
  IoThreads threads(1);
  EXPECT_TRUE(run(threads.executor(), task(5)).has_value());
  EXPECT_EQ(run(threads.executor(), task(4)).error().code, ErrorCode::TooLarge);
}

}  // namespace
}  // namespace http::testing
