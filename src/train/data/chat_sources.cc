#include "train/data/chat_sources.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "train/data/clean.h"

namespace train {

namespace {

std::string text_of(const json::Object& object, std::string_view key) {
  return tidy(json::string_or(object, key), true);
}

void question(std::string ask, std::string answer, Voice& voice, const DocumentSink& sink) {
  if (ask.empty() || answer.empty()) return;
  Document document;
  document.messages = {{"user", std::move(ask)}, {"assistant", std::move(answer)}};
  maybe_instruct(document, voice);
  sink(std::move(document));
}

// Many ways to say each of ninety things. The answers that our own texts give better are left out.
Status read_chitchat(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  static const std::set<std::string_view> ours{"I don't have a name.", "People created me.",
                                               "I'm better at answering questions."};
  return archives.each_json_line("chitchat_ms", "chitchat_en.jsonl", [&](const json::Object& each) {
    const json::Value* questions = json::find(each, "questions");
    std::string answer = text_of(each, "answer");
    if (answer.empty()) answer = text_of(each, "a");
    if (!questions || !questions->is_array() || answer.empty() || ours.contains(answer)) return;
    for (const json::Value& one : questions->get_array())
      question(tidy(one.as_string()), answer, voice, sink);
  });
}

// Instructions with an input now and then, and short answers.
Status read_instructions(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  constexpr int times = 4;  // few and good
  constexpr std::size_t long_answer = 700;
  auto text = archives.read("small_instruct", "rasbt_instruction_data_1100.json");
  if (!text) return fail(text.error());
  const auto list = json::parse(*text);
  if (!list || !list->is_array()) return fail(ErrorCode::CorruptData, "small_instruct: no array");
  for (int i = 0; i < times; ++i) {
    for (const json::Value& each : list->get_array()) {
      const std::string input = text_of(each.as_object(), "input");
      question(text_of(each.as_object(), "instruction") + (input.empty() ? "" : "\n" + input),
               text_of(each.as_object(), "output"), voice, sink);
    }
  }
  for (const char* member : {"selfinstruct_seed_tasks.jsonl", "selfinstruct_user_oriented.jsonl"}) {
    auto status = archives.each_json_line("small_instruct", member, [&](const json::Object& each) {
      const json::Value* instances = json::find(each, "instances");
      if (!instances || !instances->is_array()) return;
      for (const json::Value& instance : instances->get_array()) {
        const std::string input = text_of(instance.as_object(), "input");
        const std::string output = text_of(instance.as_object(), "output");
        if (output.size() > long_answer || input.size() > long_answer) continue;
        question(text_of(each, "instruction") + (input.empty() ? "" : "\n" + input), output, voice,
                 sink);
      }
    });
    if (!status) return status;
  }
  return archives.each_json_line(
      "small_instruct", "oa_en_100_tree.jsonl", [&](const json::Object& each) {
        const json::Value* prompt = json::find(each, "prompt");
        if (!prompt || !prompt->is_object()) return;
        const json::Value* replies = json::find(prompt->get_object(), "replies");
        if (!replies || !replies->is_array()) return;
        for (const json::Value& reply : replies->get_array()) {
          const std::string answer = text_of(reply.as_object(), "text");
          if (answer.size() <= long_answer)
            question(text_of(prompt->get_object(), "text"), answer, voice, sink);
        }
      });
}

// Short dialogues from the less odd of the files; "- - " opens one, "  - " goes on.
Status read_chatterbot(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  constexpr int times = 2;
  for (const char* member :
       {"conversations.yml", "greetings.yml", "emotion.yml", "health.yml", "science.yml",
        "sports.yml", "movies.yml", "literature.yml", "history.yml"}) {
    auto text = archives.read("chatterbot_en", member);
    if (!text) return fail(text.error());
    std::vector<std::string> turns;
    const auto finish = [&] {
      for (int i = 0; i < times && turns.size() >= 2; ++i) {
        Document document;
        for (std::size_t t = 0; t < turns.size() / 2 * 2; ++t)
          document.messages.push_back({t % 2 == 0 ? "user" : "assistant", turns[t]});
        maybe_instruct(document, voice);
        sink(std::move(document));
      }
      turns.clear();
    };
    each_line(*text, [&](std::string_view line) {
      if (line.starts_with("- - ")) {
        finish();
        turns.push_back(sentence(line.substr(4)));
      } else if (line.starts_with("  - ") && !turns.empty()) {
        turns.push_back(sentence(line.substr(4)));
      }
    });
    finish();
  }
  return {};
}

// Quiz questions with short answers; those about computers and films of the day are left out.
Status read_trivia(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  static const std::set<std::string_view> wanted{
      "animals", "general", "geography", "history", "science-technology", "world", "for-kids"};
  return archives.each_json_line("open_trivia", "trivia.jsonl", [&](const json::Object& each) {
    const std::string ask = text_of(each, "q");
    const std::string answer = text_of(each, "a");
    const json::Value* options = json::find(each, "options");
    if (!wanted.contains(json::string_or(each, "cat")) || !is_ascii(ask + answer)) return;
    if (ask.size() > 110 || answer.size() > 30 || !options || !options->is_array()) return;
    if (!ask.ends_with('?') || ask.find("Which of") != std::string::npos) return;
    if (!voice.chance(0.5)) {
      question(ask, answer + ".", voice, sink);
      return;
    }
    std::string choices;
    for (const json::Value& option : options->get_array())
      choices += (choices.empty() ? "" : ", ") + tidy(option.as_string());
    question(ask + " Choose one: " + choices + ".", answer + ".", voice, sink);
  });
}

// Questions over a passage that holds the answer. Articles whose titles are held out for the cards
// of later models are not touched.
Status read_passages(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  static const std::set<std::string_view> held{"Normans",     "Oxygen", "Warsaw",
                                               "Chloroplast", "Kenya",  "Super_Bowl_50"};
  return archives.each_json_line("squad_dev", "squad_1.1_dev.jsonl", [&](const json::Object& each) {
    const std::string context = text_of(each, "context");
    const json::Value* asked = json::find(each, "qas");
    if (held.contains(json::string_or(each, "title")) || context.size() > 700 || !asked ||
        !asked->is_array())
      return;
    Document document;
    for (const json::Value& one : asked->get_array()) {
      const json::Value* answers = json::find(one.as_object(), "answers");
      if (!answers || !answers->is_array() || answers->get_array().empty()) continue;
      const std::string ask = text_of(one.as_object(), "q");
      const std::string answer = upper_first(tidy(answers->get_array()[0].as_string()));
      document.messages.push_back(
          {"user", document.messages.empty() ? context + "\n\n" + ask : ask});
      document.messages.push_back({"assistant", answer + (answer.ends_with('.') ? "" : ".")});
      if (document.messages.size() >= 6) break;
    }
    if (document.messages.empty()) return;
    maybe_instruct(document, voice);
    sink(std::move(document));
  });
}

// Facts with a question that each answers.
Status read_fact_questions(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  return archives.each_json_line(
      "natural_instructions_v1", "instances.jsonl", [&](const json::Object& each) {
        const std::string_view task = json::string_or(each, "task");
        const std::string input = text_of(each, "input");
        const std::string output = upper_first(text_of(each, "output"));
        if (!is_ascii(input + output)) return;
        const std::size_t split = input.find("Question: ");
        if (split == std::string::npos) return;
        const std::string ask = upper_first(tidy(input.substr(split + 10)));
        if (task == "subtask041_qasc_answer_generation" && input.starts_with("Fact: ")) {
          if (voice.chance(0.5))
            question(sentence(input.substr(6, split - 6)) + " " + ask, output, voice, sink);
          else
            question(ask, sentence(input.substr(6, split - 6)), voice, sink);
        } else if (task == "subtask051_multirc_correct_answer_single_sentence" &&
                   input.starts_with("Sentence: ")) {
          question(sentence(input.substr(10, split - 10)) + " " + ask, output, voice, sink);
        }
      });
}

// What words mean: one sense of each common word.
Status read_meanings(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  std::set<std::string> seen;
  return archives.each_json_line("wordnet_glosses", "glosses.jsonl", [&](const json::Object& each) {
    const json::Value* words = json::find(each, "words");
    const json::Value* examples = json::find(each, "ex");
    if (!words || !words->is_array() || words->get_array().empty() || !examples ||
        !examples->is_array())
      return;
    const std::string word(words->get_array()[0].as_string());
    const std::string meaning = text_of(each, "def");
    // A word with an example and a short plain definition is likely one that people ask about.
    const bool plain = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    if (examples->get_array().empty() || !plain || word.size() > 10 || meaning.size() > 70 ||
        meaning.find('(') != std::string::npos || meaning.find(';') != std::string::npos ||
        !is_ascii(meaning))
      return;
    if (!seen.insert(word).second || !voice.chance(0.6)) return;
    const std::string ask = voice.typed(voice.fill(
        {"What does {} mean?", "What does the word \"{}\" mean?", "What is the meaning of {}?",
         "Define {}", "What is the definition of {}?", "Explain the word \"{}\""},
        {word}));
    question(ask, "\"" + upper_first(word) + "\" means: " + meaning + ".", voice, sink);
  });
}

const std::array<std::string_view, 74> kWellKnown{
    "France",    "Germany",      "Italy",       "Spain",       "Portugal",     "United Kingdom",
    "Ireland",   "Netherlands",  "Belgium",     "Switzerland", "Austria",      "Poland",
    "Czechia",   "Hungary",      "Greece",      "Turkey",      "Russia",       "Ukraine",
    "Sweden",    "Norway",       "Denmark",     "Finland",     "Iceland",      "Romania",
    "Bulgaria",  "Croatia",      "Serbia",      "China",       "Japan",        "India",
    "Pakistan",  "Bangladesh",   "Indonesia",   "Thailand",    "Vietnam",      "Philippines",
    "Malaysia",  "Singapore",    "South Korea", "North Korea", "Iran",         "Iraq",
    "Israel",    "Saudi Arabia", "Egypt",       "Morocco",     "Algeria",      "Tunisia",
    "Nigeria",   "Kenya",        "Ethiopia",    "Ghana",       "South Africa", "United States",
    "Canada",    "Mexico",       "Cuba",        "Brazil",      "Argentina",    "Chile",
    "Peru",      "Colombia",     "Venezuela",   "Bolivia",     "Ecuador",      "Uruguay",
    "Australia", "New Zealand",  "Nepal",       "Mongolia",    "Afghanistan",  "Syria",
    "Lebanon",   "Jordan"};

// The continent named first; the factbook calls some by their regions.
std::string continent_of(const std::string& place) {
  static const std::array<std::pair<std::string_view, std::string_view>, 9> names{
      {{"Africa", "Africa"},
       {"Asia", "Asia"},
       {"Middle East", "Asia"},
       {"Southeast Asia", "Asia"},
       {"Europe", "Europe"},
       {"North America", "North America"},
       {"South America", "South America"},
       {"Central America", "Central America"},
       {"Oceania", "Oceania"}}};
  std::size_t first = std::string::npos;
  std::string continent;
  for (const auto& [region, name] : names) {
    const std::size_t at = place.find(region);
    if (at < first) {
      first = at;
      continent = name;
    }
  }
  return continent;
}

// The accented letters that occur in capitals, without their accents: people type them so.
std::string plain_letters(std::string text) {
  static const std::array<std::pair<std::string_view, std::string_view>, 8> letters{
      {{"\xC3\xA1", "a"},
       {"\xC3\xA3", "a"},
       {"\xC3\xA9", "e"},
       {"\xC3\xAD", "i"},
       {"\xC3\xB3", "o"},
       {"\xC3\xBA", "u"},
       {"\xC3\xB1", "n"},
       {"\xC5\x9F", "s"}}};
  for (const auto& [from, to] : letters) text = replaced(std::move(text), from, to);
  return text;
}

}  // namespace

Result<std::vector<Country>> read_countries(const Archives& archives) {
  std::vector<Country> countries;
  auto status =
      archives.each_json_line("factbook", "factbook.jsonl", [&](const json::Object& each) {
        const json::Value* fields = json::find(each, "fields");
        if (!fields || !fields->is_object()) return;
        Country country;
        country.name = text_of(each, "name");
        country.well_known = std::ranges::find(kWellKnown, country.name) != kWellKnown.end();
        const std::string capital = text_of(fields->get_object(), "Government / Capital / name");
        country.capital = plain_letters(tidy(capital.substr(0, capital.find_first_of("(;\n"))));
        country.continent =
            continent_of(tidy(text_of(fields->get_object(), "Geography / Map references")));
        const bool usable =
            !country.continent.empty() && country.name.find(',') == std::string::npos &&
            country.capital.size() < 30 && country.capital.size() > 2 && country.capital != "none";
        if (usable) countries.push_back(std::move(country));
      });
  if (!status) return fail(status.error());
  if (std::ranges::none_of(countries, &Country::well_known))
    return fail(ErrorCode::CorruptData, "factbook: no countries");
  return countries;
}

Status read_chat_sources(const Archives& archives, Voice& voice, const DocumentSink& sink) {
  for (const auto& read : {read_chitchat, read_instructions, read_chatterbot, read_trivia,
                           read_passages, read_fact_questions, read_meanings}) {
    if (auto status = read(archives, voice, sink); !status) return status;
  }
  return {};
}

}  // namespace train
