#include "vector/terms.h"

#include <sqlite3.h>

#include <mutex>
#include <string>

#include "base/check.h"

namespace vector {
namespace {

// FNV-1a, then mixed (MurmurHash3's end): the table of words takes the low bits.
Term hash(std::string_view word) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : word) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

int add_term(void* terms, int, const char* token, int size, int, int) {
  static_cast<std::vector<Term>*>(terms)->push_back(hash({token, static_cast<std::size_t>(size)}));
  return SQLITE_OK;
}

}  // namespace

// A tokenizer serves one thread at a time; there are as many as threads were at it at once.
struct Terms::Tokenizers {
  sqlite3* connection = nullptr;
  fts5_tokenizer module{};
  void* module_data = nullptr;
  std::mutex mutex;
  std::vector<Fts5Tokenizer*> idle;

  // https://www.sqlite.org/fts5.html#extending_fts5
  Tokenizers() {
    CHECK(sqlite3_open(":memory:", &connection) == SQLITE_OK);
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    CHECK(sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK);
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
    sqlite3_finalize(statement);
    CHECK(api != nullptr);
    CHECK(api->xFindTokenizer(api, "porter", &module_data, &module) == SQLITE_OK);
  }
  ~Tokenizers() {
    for (auto* each : idle) module.xDelete(each);
    sqlite3_close(connection);
  }
  Tokenizers(const Tokenizers&) = delete;
  Tokenizers& operator=(const Tokenizers&) = delete;

  Fts5Tokenizer* take() {
    const std::scoped_lock lock(mutex);
    if (!idle.empty()) {
      auto* tokenizer = idle.back();
      idle.pop_back();
      return tokenizer;
    }
    const char* arguments[] = {"unicode61", "remove_diacritics", "2"};
    Fts5Tokenizer* made = nullptr;
    CHECK(module.xCreate(module_data, arguments, 3, &made) == SQLITE_OK);
    return made;
  }
  void give_back(Fts5Tokenizer* tokenizer) {
    const std::scoped_lock lock(mutex);
    idle.push_back(tokenizer);
  }
};

Terms::Terms() : tokenizers_(std::make_unique<Tokenizers>()) {}

Terms::~Terms() = default;

std::vector<Term> Terms::of(std::string_view text) const {
  std::vector<Term> out;
  auto* tokenizer = tokenizers_->take();
  tokenizers_->module.xTokenize(tokenizer, &out, FTS5_TOKENIZE_DOCUMENT, text.data(),
                                static_cast<int>(text.size()), add_term);
  tokenizers_->give_back(tokenizer);
  return out;
}

}  // namespace vector
