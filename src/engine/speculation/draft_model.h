// A small model that guesses for a big one of the same vocabulary, where nothing that was read
// before does (speculative decoding: Leviathan, Kalman, Matias, 2023). Takes the best token always:
// the big model decides.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "compute/gguf/file.h"
#include "compute/threads.h"
#include "engine/cache/kv_cache.h"
#include "engine/engine.h"
#include "engine/model/model.h"

namespace engine {

struct DraftOptions {
  std::string path;         // a GGUF file
  int context_tokens = 0;   // of the big model
  int streams_max = 8;      // that it guesses for at a time
  std::size_t n_vocab = 0;  // of the big model
  // Between tokens of a running stream.
  base::Duration gap_goal = std::chrono::milliseconds(100);
};

// Owned by the engine; engine thread only. Has a cache of its own, of as much text as was guessed
// for; wrong guesses are overwritten.
class DraftModel {
 public:
  // InvalidRequest when the model cannot guess for the big one. `pool` must outlive it.
  static Result<std::unique_ptr<DraftModel>> load(const DraftOptions& options, compute::Pool& pool);
  // What `load` takes, from the file's header alone.
  static Result<MemoryPlan> plan_memory(const DraftOptions& options);

  struct Stream {
    const void* key = nullptr;  // of its text, from call to call until `forget`
    std::span<const TokenId> tokens;
  };
  // `count` tokens after each of the first `streams_max` texts. None after those that it has not
  // read yet: of these it reads a piece now, all together no longer than streams may wait. None
  // where there is no room for the text; who comes first has it.
  std::vector<std::vector<TokenId>> guess(std::span<const Stream> streams, int count);
  void forget(const void* key);

  // What a guess for every one of so many streams takes, smoothed; 0 when not known.
  double ns_per_guess() const { return ns_per_guess_; }
  std::size_t streams_max() const { return streams_max_; }
  std::size_t cache_bytes_touched() const { return cache_.usage().bytes_touched; }

 private:
  // One text, as far as it was read.
  struct Reader {
    KvSequence kv;
    std::vector<TokenId> tokens;  // whose keys and values are there, guesses included
  };
  struct Reading {
    Reader* reader;
    std::span<const TokenId> tokens;
    std::vector<TokenId>* out;
  };

  DraftModel(std::unique_ptr<gguf::File> file, std::unique_ptr<Model> model, KvCache cache,
             const DraftOptions& options, int context_tokens);
  Reader& reader_of(const void* key);
  bool reserve(Reader& reader, std::size_t tokens, std::span<const Stream> streams);
  std::size_t piece_rows() const;
  void read(std::span<const Reading> pieces);
  void compute(std::span<const Reading> streams);

  std::unique_ptr<gguf::File> file_;  // the model's tensors lie in it
  std::unique_ptr<Model> model_;
  KvCache cache_;
  StatePool states_{0, 0};
  std::size_t streams_max_, context_tokens_;
  base::Duration gap_goal_;
  std::unordered_map<const void*, Reader> readers_;
  Batch batch_;
  double ns_per_guess_ = 0;
  double ns_per_row_ = 0;  // of a text that is read
};

}  // namespace engine
