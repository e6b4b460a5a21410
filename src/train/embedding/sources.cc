#include "train/embedding/sources.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

#include "base/random.h"
#include "train/data/clean.h"

namespace train::embedding {

namespace {

std::string text_of(const json::Object& object, std::string_view key) {
  return std::string(json::string_or(object, key));
}

Status read_squad(const Archives& archives, std::vector<TextPair>& pairs) {
  for (const char* member : {"squad_1.1_dev.jsonl", "squad_v2.0_dev.jsonl"}) {
    auto status = archives.each_json_line("squad_dev", member, [&](const json::Object& each) {
      const json::Value* asked = json::find(each, "qas");
      if (HeldOut::has_title(json::string_or(each, "title")) || !asked || !asked->is_array())
        return;
      const std::string context = text_of(each, "context");
      for (const json::Value& one : asked->get_array())
        pairs.push_back({text_of(one.as_object(), "q"), context});
    });
    if (!status) return status;
  }
  return {};
}

Status read_boolq(const Archives& archives, std::vector<TextPair>& pairs) {
  return archives.each_json_line("boolq_evidence", "boolq.jsonl", [&](const json::Object& each) {
    pairs.push_back({text_of(each, "q"), text_of(each, "evidence")});
  });
}

Status read_medquad(const Archives& archives, std::vector<TextPair>& pairs) {
  return archives.each_json_line("medquad", "medquad.jsonl", [&](const json::Object& each) {
    pairs.push_back({text_of(each, "q"), text_of(each, "a")});
  });
}

Status read_trivia(const Archives& archives, std::vector<TextPair>& pairs) {
  return archives.each_json_line("open_trivia", "trivia.jsonl", [&](const json::Object& each) {
    const std::string question = text_of(each, "q");
    if (question.find("Which of") == question.npos && question.find("of these") == question.npos)
      pairs.push_back({question, text_of(each, "a")});
  });
}

Status read_natural_questions(const Archives& archives, std::vector<TextPair>& pairs) {
  for (const char* member : {"NQ-open.dev.jsonl", "NQ-open.efficientqa.dev.1.1.jsonl"}) {
    auto status = archives.each_json_line("nq_open", member, [&](const json::Object& each) {
      const json::Value* answers = json::find(each, "answer");
      if (answers && answers->is_array() && !answers->get_array().empty() &&
          answers->get_array()[0].is_string())
        pairs.push_back(
            {text_of(each, "question"), std::string(answers->get_array()[0].as_string())});
    });
    if (!status) return status;
  }
  return {};
}

// Tasks whose output is about the input, with the label before the part of the input that counts
// and the one behind it.
struct Task {
  std::string_view name, begin, end;
};
constexpr std::array<Task, 14> kTasks{
    {{"subtask040_qasc_question_generation", "Fact: ", ""},
     {"subtask037_qasc_generate_related_fact", "Fact: ", "Topic:"},
     {"subtask038_qasc_combined_fact", "Fact 1: ", ""},
     {"subtask023_cosmosqa_question_generation", "Context: ", ""},
     {"subtask024_cosmosqa_answer_generation", "Context: ", ""},
     {"subtask060_ropes_question_generation", "Background Paragraph: ", ""},
     {"subtask059_ropes_story_generation", "Background Paragraph: ", ""},
     {"subtask048_multirc_question_generation", "Paragraph- ", ""},
     {"subtask003_mctaco_question_generation_event_duration", "Sentence: ", ""},
     {"subtask009_mctaco_question_generation_event_ordering", "Sentence: ", ""},
     {"subtask012_mctaco_question_generation_absolute_timepoint", "Sentence: ", ""},
     {"subtask015_mctaco_question_generation_frequency", "Sentence: ", ""},
     {"subtask006_mctaco_question_generation_transient_stationary", "Sentence: ", ""},
     {"subtask045_miscellaneous_sentence_paraphrasing", "Sentence: ", ""}}};

Status read_instructions(const Archives& archives, std::vector<TextPair>& pairs) {
  return archives.each_json_line(
      "natural_instructions_v1", "instances.jsonl", [&](const json::Object& each) {
        const std::string name = text_of(each, "task");
        const std::string input = text_of(each, "input");
        if (name == "subtask051_multirc_correct_answer_single_sentence") {
          const std::size_t split = input.find("Question: ");
          if (split != input.npos && input.starts_with("Sentence: "))
            pairs.push_back({input.substr(split + 10), input.substr(10, split - 10)});
          return;
        }
        for (const Task& task : kTasks) {
          const std::size_t begin = task.name == name ? input.find(task.begin) : input.npos;
          if (begin == input.npos) continue;
          const std::size_t from = begin + task.begin.size();
          const std::size_t end = task.end.empty() ? input.npos : input.find(task.end, from);
          pairs.push_back({text_of(each, "output"), input.substr(from, end - from)});
        }
      });
}

// One sentence, and the two it was split into.
Status read_splits(const Archives& archives, std::vector<TextPair>& pairs) {
  for (const char* member : {"tune.tsv", "validation.tsv", "test.tsv"}) {
    auto text = archives.read("wiki_split", member);
    if (!text) return fail(text.error());
    each_line(*text, [&](std::string_view line) {
      const std::size_t tab = line.find('\t');
      if (tab == line.npos) return;
      pairs.push_back({std::string(line.substr(0, tab)),
                       replaced(std::string(line.substr(tab + 1)), "<::::>", " ")});
    });
  }
  return {};
}

// Every text of an intent with another one of it.
void pair_up(const std::map<std::string, std::vector<std::string>>& texts_of,
             std::vector<TextPair>& pairs) {
  base::SeededRandom random(1);
  for (const auto& [intent, texts] : texts_of) {
    for (std::size_t i = 0; texts.size() > 1 && i < texts.size(); ++i) {
      const std::size_t other = (i + 1 + random.below(texts.size() - 1)) % texts.size();
      pairs.push_back({texts[i], texts[other], intent});
    }
  }
}

Status read_intents(const Archives& archives, std::vector<TextPair>& pairs) {
  std::map<std::string, std::vector<std::string>> texts_of;
  auto clinc = archives.read("clinc150", "data_full.json");
  if (!clinc) return fail(clinc.error());
  const auto parts = json::parse(*clinc);
  if (!parts || !parts->is_object()) return fail(ErrorCode::CorruptData, "clinc150: no object");
  for (const char* part : {"train", "val", "test"}) {
    const json::Value* list = json::find(parts->get_object(), part);
    if (!list || !list->is_array()) continue;
    for (const json::Value& each : list->get_array()) {
      const auto& both = each.as_array();
      texts_of["clinc " + std::string(both.at(1).as_string())].emplace_back(both.at(0).as_string());
    }
  }
  for (const char* member : {"train.csv", "test.csv"}) {
    auto text = archives.read("banking77", member);
    if (!text) return fail(text.error());
    each_line(*text, [&](std::string_view line) {
      while (line.ends_with('\r')) line.remove_suffix(1);
      const std::size_t comma = line.rfind(',');
      if (comma == line.npos || line == "text,category") return;
      texts_of["banking " + std::string(line.substr(comma + 1))].emplace_back(
          line.substr(0, comma));
    });
  }
  auto status =
      archives.each_json_line("nlu_eval", "nlu_eval.jsonl", [&](const json::Object& each) {
        texts_of["nlu " + text_of(each, "intent")].push_back(text_of(each, "text"));
      });
  if (!status) return status;
  pair_up(texts_of, pairs);
  return {};
}

std::vector<std::string> strings_of(const json::Object& object, std::string_view key) {
  std::vector<std::string> out;
  const json::Value* list = json::find(object, key);
  if (!list || !list->is_array()) return out;
  for (const json::Value& each : list->get_array())
    if (each.is_string()) out.emplace_back(each.as_string());
  return out;
}

// Words with their meaning, each other, and sentences that use them.
Status read_dictionary(const Archives& archives, std::vector<TextPair>& pairs) {
  return archives.each_json_line("wordnet_glosses", "glosses.jsonl", [&](const json::Object& each) {
    const auto words = strings_of(each, "words");
    const std::string meaning = text_of(each, "def");
    for (const auto& word : words) pairs.push_back({word, meaning});
    for (std::size_t i = 1; i < words.size(); ++i) pairs.push_back({words[i], words[0]});
    for (const auto& example : strings_of(each, "ex")) pairs.push_back({example, meaning});
  });
}

Status read_commands(const Archives& archives, std::vector<TextPair>& pairs) {
  return archives.each_json_line("tldr", "tldr_en.jsonl", [&](const json::Object& each) {
    const json::Value* examples = json::find(each, "examples");
    if (!examples || !examples->is_array()) return;
    const std::string command = text_of(each, "cmd") + " " + text_of(each, "desc");
    for (const json::Value& one : examples->get_array())
      pairs.push_back(
          {text_of(one.as_object(), "d"), command + " " + text_of(one.as_object(), "c")});
  });
}

Status read_countries(const Archives& archives, std::vector<TextPair>& pairs) {
  return archives.each_json_line("factbook", "factbook.jsonl", [&](const json::Object& each) {
    const json::Value* fields = json::find(each, "fields");
    if (!fields || !fields->is_object()) return;
    const std::string name = text_of(each, "name");
    for (const auto& field : fields->get_object()) {
      if (!field.value().is_string() || field.value().as_string().size() < 60) continue;
      const std::string key = replaced(std::string(field.key()), " / ", " ");
      pairs.push_back({key + " of " + name, name + ": " + std::string(field.value().as_string())});
    }
  });
}

Status read_articles(const Archives& archives, const std::string& archive,
                     const std::vector<std::string>& members, std::vector<Article>& articles,
                     std::size_t bytes_max = std::size_t{1} << 30) {
  for (const auto& member : members) {
    auto text = archives.read(archive, member, bytes_max);
    if (!text) return fail(text.error());
    auto part = split_articles(*text);
    std::ranges::move(part, std::back_inserter(articles));
  }
  return {};
}

const std::vector<std::string> kTextbooks{"american-government.txt",
                                          "anatomy-physiology.txt",
                                          "astronomy.txt",
                                          "chemistry-bundle.txt",
                                          "college-success.txt",
                                          "introduction-anthropology.txt",
                                          "introduction-business.txt",
                                          "introduction-philosophy.txt",
                                          "introduction-political-science.txt",
                                          "introduction-sociology.txt",
                                          "life-liberty-and-pursuit-happiness.txt",
                                          "principles-economics-bundle.txt",
                                          "psychology.txt",
                                          "us-history.txt",
                                          "world-history.txt"};

void drop_held_out(const HeldOut& held_out, Source& source) {
  std::erase_if(source.pairs, [&](const TextPair& pair) {
    return pair.query.empty() || pair.passage.empty() || held_out.overlaps(pair.passage) ||
           held_out.overlaps(pair.query);
  });
  std::erase_if(source.articles,
                [](const Article& article) { return HeldOut::has_title(article.title); });
  for (auto& article : source.articles) {
    std::erase_if(article.paragraphs, [&](const Paragraph& paragraph) {
      std::string text;
      for (const auto& sentence : paragraph.sentences) text += sentence + " ";
      return held_out.overlaps(text);
    });
  }
}

Status read_wiki(const Archives& archives, std::vector<Article>& articles) {
  return read_articles(archives, "enwiki_part", {"enwiki.txt"}, articles);
}

Status read_textbooks(const Archives& archives, std::vector<Article>& articles) {
  return read_articles(archives, "openstax_ccby", kTextbooks, articles);
}

// The simplest books come first. The first document is a collection of another kind.
Status read_books(const Archives& archives, std::vector<Article>& articles) {
  constexpr std::size_t bytes = 20'000'000;
  auto status = read_articles(archives, "gutenberg_simple", {"gut_00.txt"}, articles, bytes);
  if (status && !articles.empty()) articles.erase(articles.begin());
  return status;
}

using enum SourceKind;
constexpr SourceEntry kSources[] = {
    {"squad", Pairs, 0.09},        {"boolq", Pairs, 0.04},     {"medquad", Pairs, 0.04},
    {"trivia", Pairs, 0.02},       {"nq", Pairs, 0.01},        {"instructions", Pairs, 0.06},
    {"splits", Pairs, 0.04},       {"intents", Pairs, 0.03},   {"dictionary", Pairs, 0.07},
    {"commands", Pairs, 0.02},     {"countries", Pairs, 0.02}, {"wiki", Articles, 0.38},
    {"textbooks", Articles, 0.12}, {"books", Articles, 0.06}};

struct PairReader {
  std::string_view name;
  Status (*read)(const Archives&, std::vector<TextPair>&);
};
constexpr PairReader kPairReaders[] = {
    {"squad", read_squad},           {"boolq", read_boolq},
    {"medquad", read_medquad},       {"trivia", read_trivia},
    {"nq", read_natural_questions},  {"instructions", read_instructions},
    {"splits", read_splits},         {"intents", read_intents},
    {"dictionary", read_dictionary}, {"commands", read_commands},
    {"countries", read_countries}};

struct ArticleReader {
  std::string_view name;
  Status (*read)(const Archives&, std::vector<Article>&);
};
constexpr ArticleReader kArticleReaders[] = {
    {"wiki", read_wiki}, {"textbooks", read_textbooks}, {"books", read_books}};

}  // namespace

std::span<const SourceEntry> source_table() {
  return kSources;
}

Result<Sources> read_sources(const Archives& archives, const HeldOut& held_out) {
  Sources sources;
  for (const auto& entry : kSources) {
    Source source{.name = entry.name};
    Status status;
    for (const auto& reader : kPairReaders)
      if (reader.name == source.name) status = reader.read(archives, source.pairs);
    for (const auto& reader : kArticleReaders)
      if (reader.name == source.name) status = reader.read(archives, source.articles);
    if (!status) return fail(status.error());
    drop_held_out(held_out, source);
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace train::embedding
