#include "train/data/text_sources.h"

#include <algorithm>

#include "train/data/clean.h"

namespace train {

namespace {

constexpr std::size_t kBookBytes = 9'000'000;  // the simplest books come first

// Stories for children are the best register for a small model, so they come more than once.
constexpr int kStoryTimes = 3;

Status read_stories(const Archives& archives, const DocumentSink& sink) {
  for (const char* member : {"asp.jsonl", "pb.jsonl"}) {
    auto status = archives.each_json_line("kids_stories", member, [&](const json::Object& story) {
      std::string text = tidy(json::string_or(story, "text"), true);
      if (text.starts_with("# ")) text = text.substr(2);
      for (int i = 0; i < kStoryTimes; ++i) sink({.text = text});
    });
    if (!status) return status;
  }
  auto text = archives.read("tinystories_sample", "tiny_stories.txt");
  if (!text) return fail(text.error());
  // Paragraphs are a blank line apart; a story begins where there is none.
  std::string story;
  const auto finish = [&] {
    const std::string whole = tidy(story, true);
    for (int i = 0; i < kStoryTimes && whole.size() > 100; ++i) sink({.text = whole});
    story.clear();
  };
  bool after_blank = true;
  each_line(*text, [&](std::string_view line) {
    if (!line.empty() && !after_blank) finish();
    after_blank = line.empty();
    story.append(line).append("\n");
  });
  finish();
  return {};
}

Status read_books(const Archives& archives, const DocumentSink& sink) {
  auto text = archives.read("gutenberg_simple", "gut_00.txt", kBookBytes);
  if (!text) return fail(text.error());
  constexpr std::string_view mark = "<|doc|>";
  std::size_t at = text->find(mark);
  // The first document is a collection of another kind and is left out.
  if (at != std::string::npos) at = text->find(mark, at + 1);
  while (at != std::string::npos) {
    const std::size_t next = text->find(mark, at + 1);
    std::string book =
        tidy(std::string_view(*text).substr(at + mark.size(), next - at - mark.size()), true);
    sink({.text = std::move(book)});
    at = next;
  }
  return {};
}

Document conversation(const std::vector<std::string>& turns) {
  Document document{.text = {}, .messages = {}, .between_equals = true};
  for (std::size_t i = 0; i < turns.size(); ++i)
    document.messages.push_back({i % 2 == 0 ? "user" : "assistant", turns[i]});
  return document;
}

Status read_conversations(const Archives& archives, const DocumentSink& sink) {
  const auto say = [](const json::Value& turn, std::vector<std::string>& turns) {
    if (turn.is_string()) turns.push_back(sentence(turn.get_string()));
  };
  int index = 0;
  auto status = archives.each_json_line("self_dialogue", "self_dialogue.jsonl",
                                        [&](const json::Object& each) {
                                          // Two of three: there are more of these than the others
                                          // can balance.
                                          const json::Value* list = json::find(each, "turns");
                                          if (index++ % 3 == 2 || !list || !list->is_array())
                                            return;
                                          std::vector<std::string> turns;
                                          for (const json::Value& turn : list->get_array())
                                            say(turn, turns);
                                          if (turns.size() >= 4) sink(conversation(turns));
                                        });
  if (!status) return status;
  return archives.each_json_line(
      "topical_chat", "topical_chat.jsonl", [&](const json::Object& each) {
        const json::Value* list = json::find(each, "turns");
        if (!list || !list->is_array()) return;
        std::vector<std::string> turns;
        std::string speaker;
        for (const json::Value& turn : list->get_array()) {
          if (!turn.is_object()) continue;
          const std::string who(json::string_or(turn.get_object(), "a"));
          const std::string words = sentence(json::string_or(turn.get_object(), "t"));
          if (who == speaker && !turns.empty())
            turns.back() += " " + words;
          else
            turns.push_back(words);
          speaker = who;
        }
        if (turns.size() >= 4) sink(conversation(turns));
      });
}

// The example sentences of the dictionary, a few definitions at a time: short, plain, varied.
Status read_definitions(const Archives& archives, const DocumentSink& sink) {
  std::string text;
  auto status =
      archives.each_json_line("wordnet_glosses", "glosses.jsonl", [&](const json::Object& each) {
        const json::Value* words = json::find(each, "words");
        const json::Value* examples = json::find(each, "ex");
        if (!words || !examples || !words->is_array() || !examples->is_array()) return;
        if (examples->get_array().empty() || words->get_array().empty()) return;
        text += sentence(std::string(words->get_array()[0].as_string()) + ": " +
                         std::string(json::string_or(each, "def")));
        for (const json::Value& example : examples->get_array())
          text += " " + sentence(std::string_view(example.as_string()));
        text += "\n";
        if (text.size() < 1'500) return;
        sink({.text = tidy(text, true)});
        text.clear();
      });
  return status;
}

}  // namespace

Status read_text_sources(const Archives& archives, const DocumentSink& sink) {
  for (const auto& read : {read_stories, read_books, read_conversations, read_definitions}) {
    if (auto status = read(archives, sink); !status) return status;
  }
  return {};
}

}  // namespace train
