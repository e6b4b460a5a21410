#include "train/data/prepare.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "train/data/archive.h"
#include "train/data/chat_sources.h"
#include "train/data/text_sources.h"
#include "train/data/token_file.h"
#include "train/talk/conversations.h"
#include "train/text/bpe_trainer.h"

namespace train {

namespace {

// A fixed hundredth, chosen by content, so that no copy of a held-out document is learned from.
bool is_held_out(const Document& document) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, the same everywhere
  const auto mix = [&hash](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211u;
  };
  mix(document.text);
  for (const Message& message : document.messages) mix(message.text);
  return (hash >> 20) % 100 == 0;
}

Status write_set(const std::vector<Document>& documents, const std::string& name,
                 const PrepareOptions& options, Vocabulary& vocabulary) {
  TokenSet learned;
  TokenSet held;
  for (const Document& document : documents)
    add_document(document, vocabulary, is_held_out(document) ? held : learned);
  std::printf("%s: %zu documents, %zu tokens; %zu held out\n", name.c_str(), learned.lengths.size(),
              learned.words.size(), held.lengths.size());
  if (auto status = learned.save(options.out, name); !status) return status;
  return held.save(options.out, name + "_held");
}

Vocabulary learn_vocabulary(const std::vector<Document>& documents, int size) {
  BpeTrainer trainer;
  for (const Document& document : documents) {
    trainer.add(document.text);
    for (const Message& message : document.messages) trainer.add(message.text);
  }
  return trainer.learn(size);
}

Result<Knowledge> read_knowledge(const Archives& archives, const std::filesystem::path& talk) {
  Knowledge knowledge;
  const std::pair<const char*, std::vector<Topic>*> files[] = {
      {"small_talk.txt", &knowledge.small_talk},
      {"facts.txt", &knowledge.facts},
      {"advice.txt", &knowledge.advice}};
  for (const auto& [name, topics] : files) {
    auto read = read_talk_file(talk / name);
    if (!read) return fail(read.error());
    *topics = std::move(*read);
  }
  auto countries = read_countries(archives);
  if (!countries) return fail(countries.error());
  knowledge.countries = std::move(*countries);
  return knowledge;
}

}  // namespace

Status prepare(const PrepareOptions& options) {
  const Archives archives(options.data);
  std::vector<Document> text;
  const auto keep_text = [&](Document document) { text.push_back(std::move(document)); };
  if (auto status = read_text_sources(archives, keep_text); !status) return status;
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  // The text set holds books and conversations both, so the words of chat are in it.
  Vocabulary vocabulary = learn_vocabulary(text, options.vocab_size);
  if (auto status = vocabulary.save(options.out / "vocabulary.txt"); !status) return status;
  if (auto status = write_set(text, "text", options, vocabulary); !status) return status;

  auto knowledge = read_knowledge(archives, options.talk);
  if (!knowledge) return fail(knowledge.error());
  Voice voice(options.seed);
  std::vector<Document> made;
  for (int i = 0; i < options.n_conversations; ++i)
    made.push_back(make_conversation(*knowledge, voice));
  if (auto status = write_set(made, "made", options, vocabulary); !status) return status;

  std::vector<Document> chat;
  const auto keep_chat = [&](Document document) { chat.push_back(std::move(document)); };
  if (auto status = read_chat_sources(archives, voice, keep_chat); !status) return status;
  return write_set(chat, "chat", options, vocabulary);
}

}  // namespace train
