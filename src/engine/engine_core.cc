#include "engine/engine_core.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits/engine.h"
#include "engine/speculation/choose_drafts.h"

namespace engine {
namespace {

bool was_given_up(const Batch& batch) {
  return batch.given_up != nullptr && *batch.given_up;
}

}  // namespace

// --- any thread ---

Result<std::unique_ptr<Engine::Core>> Engine::Core::create(Parts parts,
                                                           const EngineOptions& options) {
  KvCacheOptions cache_options{
      .layout = parts.plan.layout,
      .page_counts = parts.plan.page_counts,
      .share_prefixes = parts.model->state_floats() == 0 && parts.model->info().generates};
  auto cache = KvCache::create(std::move(cache_options));
  if (!cache) return fail(cache.error());
  return std::unique_ptr<Core>(new Core(std::move(parts), options, std::move(*cache)));
}

Engine::Core::Core(Parts parts, const EngineOptions& options, KvCache cache)
    : parts_(std::move(parts)),
      options_(options),
      cache_(std::move(cache)),
      states_(parts_.model->state_floats(), static_cast<std::size_t>(options.sequences_max) + 1),
      scheduler_({.rows_per_step_max = options.rows_per_step_max,
                  .sequences_max = options.sequences_max,
                  .gap_goal = options.gap_goal},
                 cache_, states_),
      thread_([this] { run(); }) {}

Engine::Core::~Core() {
  {
    std::scoped_lock lock(inbox_mutex_);
    stopping_ = true;
  }
  inbox_filled_.notify_one();
  thread_.join();
}

void Engine::Core::post(Message message) {
  {
    std::scoped_lock lock(inbox_mutex_);
    const auto* request = std::get_if<std::unique_ptr<LiveRequest>>(&message);
    if (request && (*request)->choices[0]->sequence.priority == Priority::Interactive)
      arrived_ = true;
    inbox_.push_back(std::move(message));
  }
  inbox_filled_.notify_one();
}

Result<RequestHandle> Engine::Core::submit(std::unique_ptr<LiveRequest> request,
                                           std::function<void()> notify) {
  if (live_.fetch_add(1) >= static_cast<std::size_t>(options_.requests_max)) {
    live_.fetch_sub(1);
    Error error{ErrorCode::Overloaded, "The engine is busy. Please try again later."};
    error.retry_after_ms = 1'000;
    return fail(std::move(error));
  }
  request->id = next_id_.fetch_add(1);
  request->channel = std::make_shared<EventChannel>(options_.channel_events_max, std::move(notify));
  RequestHandle handle{request->id, request->channel};
  post(std::move(request));
  return handle;
}

Result<int> Engine::Core::find_adapter(const std::string& name) const {
  if (name.empty()) return kNoAdapter;
  const auto number = adapters_.with([&](const auto& adapters) {
    const auto found = adapters.find(name);
    return found == adapters.end() ? kNoAdapter : found->second;
  });
  if (number != kNoAdapter) return number;
  return fail(ErrorCode::NotFound, fmt::format("there is no adapter '{}'", name), "model");
}

Status Engine::Core::add_adapter(const AdapterOptions& adapter) {
  AddAdapter message{adapter, {}};
  auto done = message.done.get_future();
  post(std::move(message));
  return done.get();
}

void Engine::Core::cancel(RequestId id) {
  post(Cancel{id});
}
void Engine::Core::stop_choice(RequestId id, int choice) {
  post(StopChoice{id, choice});
}
EngineStats Engine::Core::stats() const {
  return stats_.with([](const EngineStats& stats) { return stats; });
}

// --- engine thread ---

void Engine::Core::run() {
  while (take_messages()) {
    try {
      step();
    } catch (const std::bad_alloc&) {
      fail_all({ErrorCode::ResourceExhausted, "the engine ran out of memory"});
    }
    retired_.clear();
  }
  fail_all({ErrorCode::Cancelled, "the engine is shutting down"});
}

// Waits for work when there is none. False when it is time to stop.
bool Engine::Core::take_messages() {
  std::deque<Message> messages;
  {
    std::unique_lock lock(inbox_mutex_);
    inbox_filled_.wait(lock, [this] { return stopping_ || !inbox_.empty() || !requests_.empty(); });
    messages.swap(inbox_);
    arrived_ = false;
    if (stopping_) {
      // What has not been begun is known to nobody else.
      for (auto& message : messages) {
        if (auto* request = std::get_if<std::unique_ptr<LiveRequest>>(&message)) {
          handle(std::move(*request));
        } else if (auto* add = std::get_if<AddAdapter>(&message)) {
          add->done.set_value(fail(ErrorCode::Cancelled, "the engine is shutting down"));
        }
      }
      return false;
    }
  }
  for (auto& message : messages) {
    std::visit([this](auto& content) { handle(std::move(content)); }, message);
  }
  return true;
}

void Engine::Core::handle(std::unique_ptr<LiveRequest> request) {
  auto& live = *request;
  requests_[live.id] = std::move(request);
  schedule(*live.choices[0]);
}

void Engine::Core::handle(Cancel cancel) {
  const auto found = requests_.find(cancel.id);
  if (found == requests_.end()) return;  // it ended before
  fail_request(*found->second, {ErrorCode::Cancelled, "the request was cancelled"});
}

void Engine::Core::handle(StopChoice stop) {
  const auto found = requests_.find(stop.id);
  if (found == requests_.end()) return;
  auto& choices = found->second->choices;
  if (stop.choice < 0 || static_cast<std::size_t>(stop.choice) >= choices.size()) return;
  auto& choice = *choices[static_cast<std::size_t>(stop.choice)];
  if (!choice.finished && choice.generated > 0) {
    finish_choice(choice, FinishReason::Stop, std::nullopt);
  }
}

void Engine::Core::handle(AddAdapter add) {
  if (find_adapter(add.adapter.name)) return add.done.set_value({});  // asked for twice at a time
  Result<int> number = kNoAdapter;
  try {
    number = parts_.model->add_adapter(add.adapter.path);
  } catch (const std::bad_alloc&) {
    number = fail(ErrorCode::ResourceExhausted, "there is no memory for the adapter");
  }
  if (!number) return add.done.set_value(fail(number.error()));
  adapters_.with([&](auto& adapters) { adapters[add.adapter.name] = *number; });
  add.done.set_value({});
}

void Engine::Core::schedule(Choice& choice) {
  choice_of_[&choice.sequence] = &choice;
  choice.scheduled = true;
  scheduler_.add(choice.sequence);
}

void Engine::Core::unschedule(Choice& choice, bool keep) {
  if (!choice.scheduled) return;
  scheduler_.remove(choice.sequence, keep);
  if (parts_.draft) parts_.draft->forget(&choice);
  choice_of_.erase(&choice.sequence);
  choice.scheduled = false;
}

void Engine::Core::tell(LiveRequest& request, Event event) {
  if (request.channel->push(std::move(event))) return;
  fail_request(request, {ErrorCode::Overloaded, "the reader of this request fell too far behind"});
}

// The last event. The request lives until the step is over, for the code that is working on it.
void Engine::Core::retire(LiveRequest& request, Event last) {
  const auto found = requests_.find(request.id);
  if (found == requests_.end()) return;  // retired already
  request.channel->push(std::move(last));
  retired_.push_back(std::move(found->second));
  requests_.erase(found);
  live_.fetch_sub(1);
}

void Engine::Core::fail_request(LiveRequest& request, Error error) {
  for (auto& choice : request.choices) {
    choice->finished = true;
    unschedule(*choice, /*keep=*/true);
  }
  retire(request, Failed{std::move(error)});
}

void Engine::Core::fail_all(const Error& error) {
  while (!requests_.empty()) fail_request(*requests_.begin()->second, error);
  retired_.clear();
}

void Engine::Core::step() {
  if (requests_.empty()) return publish_stats(0, counted_.generated_tokens);
  const auto begin = std::chrono::steady_clock::now();
  const auto generated_before = counted_.generated_tokens;
  guess_ahead();
  const auto guessed = std::chrono::steady_clock::now();
  const auto plan = scheduler_.next();
  if (plan.empty()) {
    // Nobody can move: only possible when one sequence alone exceeds the whole cache.
    return fail_all({ErrorCode::ResourceExhausted, "the cache is too small for this request"});
  }
  generate_batch_.clear();
  embed_batch_.clear();
  std::vector<StepRows> generating, embedding;
  bool decoding = true;  // and nothing else
  for (const auto& part : plan) {
    decoding = decoding && part.sequence->decoding();
    const bool embeds = choice_of_.at(part.sequence)->request->embed.has_value();
    add_to_batch(part, embeds ? embed_batch_ : generate_batch_, embeds ? embedding : generating);
  }
  // Whoever comes meanwhile need not wait: what is given up is computed again later. A model with
  // state beside its pages could not go back.
  if (scheduler_.only_batch() && parts_.model->state_floats() == 0)
    generate_batch_.given_up = embed_batch_.given_up = &arrived_;
  if (!generating.empty()) {
    const auto logits = parts_.model->logits(generate_batch_, cache_, states_);
    if (was_given_up(generate_batch_)) return scheduler_.given_up();
    draw_together(generating, logits);
    for (const auto& rows : generating) use_logits(rows, logits);
  }
  if (!embedding.empty()) {
    const auto hidden = parts_.model->hidden(embed_batch_, cache_, states_);
    if (was_given_up(embed_batch_)) return scheduler_.given_up();
    for (const auto& rows : embedding) use_hidden(rows, hidden);
  }
  ++counted_.steps;
  const auto duration = std::chrono::steady_clock::now() - begin;
  if (decoding) {
    const auto verified = std::chrono::steady_clock::now() - guessed;
    costs_.observe(static_cast<int>(generate_batch_.rows()), static_cast<double>(verified.count()));
  }
  scheduler_.observe(static_cast<int>(generate_batch_.rows() + embed_batch_.rows()), duration);
  publish_stats(std::chrono::duration<double>(duration).count(), generated_before);
}

// Whom guesses are made for, the oldest first. Beside interactive work batch work has few rows or
// none, and needs them for its own tokens.
std::vector<Choice*> Engine::Core::streams_to_guess_for() {
  const bool somebody_waits = std::ranges::any_of(
      choice_of_, [](const auto& entry) { return entry.first->priority == Priority::Interactive; });
  std::vector<Choice*> streams;
  for (auto& [sequence, choice] : choice_of_) {
    choice->sequence.drafts.clear();
    if (!choice->request->generate || !sequence->decoding()) continue;
    if (somebody_waits && sequence->priority == Priority::Batch) continue;
    streams.push_back(choice);
  }
  std::ranges::sort(streams, {}, [](const Choice* choice) { return choice->sequence.order; });
  return streams;
}

// Guesses that are worth verifying. A model with state beside its pages could not go back to before
// a wrong one.
void Engine::Core::guess_ahead() {
  if (options_.speculation == Speculation::Off || parts_.model->state_floats() > 0) return;
  const auto streams = streams_to_guess_for();
  std::vector<DraftChances> chances;
  for (auto* choice : streams) {
    auto& drafter = choice->drafter;
    drafter.read(choice->sequence.tokens, choice->request->generate->prompt.size());
    auto& own = chances.emplace_back(
        std::min(drafter.length(), static_cast<std::size_t>(drafts_max(*choice))));
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = drafter.chance(i);
  }
  auto counts =
      choose_drafts(static_cast<int>(streams.size()), chances, costs_, StepCosts::kRowsMax);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (options_.speculation == Speculation::Always) counts[i] = chances[i].size();
    auto& sequence = streams[i]->sequence;
    sequence.drafts = streams[i]->drafter.guess(sequence.tokens, counts[i]);
    streams[i]->from_draft_model = false;
  }
  if (parts_.draft) ask_draft_model(streams);
}

// For those of the oldest streams that have no other guesses.
void Engine::Core::ask_draft_model(const std::vector<Choice*>& streams) {
  int rows = 0, guesses_max = limits::engine_draft_tokens_max;
  std::vector<Choice*> asked;
  std::vector<double> chances;
  std::vector<DraftModel::Stream> texts;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    auto* choice = streams[i];
    rows += 1 + static_cast<int>(choice->sequence.drafts.size());
    if (i >= parts_.draft->streams_max()) continue;
    const int most = drafts_max(*choice);
    if (!choice->sequence.drafts.empty() || most == 0) continue;
    guesses_max = std::min(guesses_max, most);
    asked.push_back(choice);
    chances.push_back(choice->trust.chance());
    texts.push_back({choice, choice->sequence.tokens});
  }
  int count = choose_model_drafts(rows, chances, costs_, parts_.draft->ns_per_guess(), guesses_max);
  if (options_.speculation == Speculation::Always) count = std::min(4, guesses_max);
  if (count == 0) {
    for (auto* choice : asked) choice->trust.rested();
    return;
  }
  auto guesses = parts_.draft->guess(texts, count);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    asked[i]->sequence.drafts = std::move(guesses[i]);
    asked[i]->from_draft_model = true;
  }
}

// Never beyond what may still be generated.
int Engine::Core::drafts_max(const Choice& choice) const {
  const int left =
      std::min(choice.request->generate->tokens_max - choice.generated,
               info().context_tokens - static_cast<int>(choice.sequence.tokens.size()));
  return std::clamp(left - 1, 0, limits::engine_draft_tokens_max);
}

void Engine::Core::add_to_batch(const StepPart& part, Batch& batch, std::vector<StepRows>& all) {
  auto& choice = *choice_of_.at(part.sequence);
  const auto& sequence = choice.sequence;
  const auto& request = *choice.request;
  std::vector<TokenId> tokens;
  const int n_tokens = static_cast<int>(sequence.tokens.size());
  for (int i = part.first; i < part.first + part.count; ++i) {
    tokens.push_back(i < n_tokens ? sequence.tokens[static_cast<std::size_t>(i)]
                                  : sequence.drafts[static_cast<std::size_t>(i - n_tokens)]);
  }
  const int first_row = static_cast<int>(batch.rows());
  batch.add(tokens, {.position = part.first,
                     .kv = &sequence.kv,
                     .state_slot = sequence.state_slot,
                     .adapter = request.adapter});
  // Logits say what follows the last token and every draft; more only when somebody asked.
  const bool all_rows =
      request.embed || (request.generate->prompt_logprobs && !request.prompt_read);
  const int first_wanted = all_rows ? part.first : std::max(part.first, n_tokens - 1);
  StepRows rows{.choice = &choice,
                .first = part.first,
                .count = part.count,
                .first_output = static_cast<int>(batch.output_rows.size()),
                .outputs = 0};
  for (int i = first_wanted; i < part.first + part.count; ++i, ++rows.outputs) {
    batch.output_rows.push_back(first_row + i - part.first);
  }
  all.push_back(rows);
}

// The row of logits that says what follows the last token; those of the drafts come after it.
int Engine::Core::first_output(const StepRows& rows) {
  const int end = rows.first + rows.count;
  const int n_tokens = static_cast<int>(rows.choice->sequence.tokens.size());
  return rows.first_output + rows.outputs - (end - n_tokens + 1);
}

// Drawing from a whole vocabulary takes a while, and the samplers of different texts know nothing
// of each other: all threads draw. Left out is what is drawn under a constraint, which may be
// shared, and what several choices draw from the same logits.
void Engine::Core::draw_together(const std::vector<StepRows>& all, compute::Tensor logits) {
  drawing_.clear();
  for (const auto& rows : all) {
    auto& choice = *rows.choice;
    choice.drawn.reset();
    const auto& request = *choice.request;
    const bool reads_on = rows.first + rows.count < static_cast<int>(choice.sequence.tokens.size());
    const bool forks = !request.prompt_read && request.choices.size() > 1;
    if (!reads_on && !forks && !choice.finished && !choice.constraint) drawing_.push_back(&rows);
  }
  parts_.pool->parallel_for(drawing_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      auto& choice = *drawing_[i]->choice;
      const auto row = logits.row(static_cast<std::size_t>(first_output(*drawing_[i])));
      const auto position = static_cast<std::uint64_t>(choice.generated);
      try {
        choice.drawn = choice.sampler->sample(row, TokenMask(), position);
      } catch (const std::bad_alloc&) {
        choice.drawn.reset();  // `draw` tries again, where it can be reported
      }
    }
  });
}

void Engine::Core::use_logits(const StepRows& rows, compute::Tensor logits) {
  auto& choice = *rows.choice;
  auto& sequence = choice.sequence;
  auto& request = *choice.request;
  if (choice.finished) return;
  const int n_tokens = static_cast<int>(sequence.tokens.size());
  const int end = rows.first + rows.count;
  if (choice.generated == 0 && !request.prompt_read) {
    counted_.prompt_tokens += static_cast<std::uint64_t>(std::min(end, n_tokens) - rows.first);
  }
  if (request.generate->prompt_logprobs && !request.prompt_read) {
    note_prompt_logprobs(rows, logits);
  }
  if (end < n_tokens) return cache_.advance(sequence.kv, sequence.tokens, end);

  cache_.advance(sequence.kv, sequence.tokens, n_tokens);
  const int first = first_output(rows);
  if (!request.prompt_read) {
    prompt_was_read(request);
    fork_choices(request);
    for (auto& other : request.choices) {
      if (other.get() != &choice && !other->finished) {
        continue_choice(*other, logits, first);
      }
    }
    if (choice.finished) return;  // the request failed on the way
  }
  const auto drafted = sequence.drafts.size();
  const auto held = continue_choice(choice, logits, first);
  counted_.drafted_tokens += drafted;
  counted_.accepted_drafts += held;
  if (choice.from_draft_model) choice.trust.verified(drafted, held);
  // The keys and values of drafts that held are in place already.
  if (choice.scheduled && held > 0) {
    cache_.advance(sequence.kv, sequence.tokens, n_tokens + static_cast<int>(held));
  }
}

void Engine::Core::note_prompt_logprobs(const StepRows& rows, compute::Tensor logits) {
  auto& request = *rows.choice->request;
  const auto& prompt = request.generate->prompt;
  const auto top = static_cast<std::size_t>(request.generate->top_logprobs.value_or(0));
  if (rows.first == 0) request.prompt_logprobs.assign(1, std::nullopt);  // also after preemption
  for (int i = 0; i < rows.outputs; ++i) {
    const auto next = static_cast<std::size_t>(rows.first + i + 1);
    if (next >= prompt.size()) break;
    const auto row = logits.row(static_cast<std::size_t>(rows.first_output + i));
    request.prompt_logprobs.push_back(compute_logprobs(row, prompt[next], top));
  }
}

void Engine::Core::prompt_was_read(LiveRequest& request) {
  request.prompt_read = true;
  const auto& sequence = request.choices[0]->sequence;
  request.usage.prompt_tokens = static_cast<int>(sequence.tokens.size());
  request.usage.cached_tokens = sequence.cached_tokens;
  counted_.cached_tokens += static_cast<std::uint64_t>(sequence.cached_tokens);
  tell(request, PromptRead{.prompt_tokens = request.usage.prompt_tokens,
                           .cached_tokens = request.usage.cached_tokens,
                           .logprobs = std::move(request.prompt_logprobs)});
}

// The other choices start from the pages of the first.
void Engine::Core::fork_choices(LiveRequest& request) {
  auto& first = *request.choices[0];
  for (std::size_t i = 1; i < request.choices.size(); ++i) {
    auto& choice = *request.choices[i];
    if (choice.finished) continue;  // the request failed meanwhile
    choice.sequence.tokens = first.sequence.tokens;
    choice_of_[&choice.sequence] = &choice;
    choice.scheduled = true;
    scheduler_.fork(first.sequence, choice.sequence);
  }
}

// Draws a token from the first row of logits, and from each further one as long as what came is
// what was guessed. Returns how many guesses held.
std::size_t Engine::Core::continue_choice(Choice& choice, compute::Tensor logits,
                                          int first_output) {
  const auto& tokens = choice.sequence.tokens;
  const auto drafts = std::exchange(choice.sequence.drafts, {});
  const std::size_t begin = tokens.size();
  std::size_t held = 0;
  while (draw(choice, logits.row(static_cast<std::size_t>(first_output) + held))) {
    take_forced(choice);
    if (choice.finished) break;
    while (held < drafts.size() && begin + held < tokens.size() &&
           tokens[begin + held] == drafts[held]) {
      ++held;
    }
    if (tokens.size() != begin + held) break;  // something else came, or the guesses are used up
  }
  return held;
}

// False when the choice ended with this token, or its request failed.
bool Engine::Core::draw(Choice& choice, std::span<const float> logits) {
  auto& request = *choice.request;
  const auto position = static_cast<std::uint64_t>(choice.generated);
  auto mask = choice.constraint ? choice.constraint->mask() : TokenMask();
  auto token = choice.drawn ? *std::exchange(choice.drawn, std::nullopt)
                            : choice.sampler->sample(logits, mask, position);
  while (token && choice.constraint && !choice.constraint->permits(*token)) {
    mask = choice.constraint->mask();
    token = choice.sampler->sample(logits, mask, position);
  }
  if (!token) {
    fail_request(request,
                 {ErrorCode::Internal, mask.empty() ? "the model's output is not a number"
                                                    : "no token fits the required format"});
    return false;
  }
  std::optional<Logprobs> logprobs;
  if (const auto top = request.generate->top_logprobs) {
    logprobs = compute_logprobs(logits, *token, static_cast<std::size_t>(*top));
  }
  return take_token(choice, *token, std::move(logprobs));
}

bool Engine::Core::take_token(Choice& choice, TokenId token, std::optional<Logprobs> logprobs) {
  auto& request = *choice.request;
  const auto& asked = *request.generate;
  ++choice.generated;
  ++request.usage.generated_tokens;
  ++counted_.generated_tokens;
  choice.sampler->add_generated(token);
  choice.sequence.tokens.push_back(token);
  if (std::ranges::find(asked.stop_tokens, token) != asked.stop_tokens.end()) {
    return finish_choice(choice, FinishReason::Stop, token), false;
  }
  if (choice.constraint && !choice.constraint->accept(token)) {
    fail_request(request, {ErrorCode::Internal, "a token left the required format"});
    return false;
  }
  tell(request, TokenGenerated{choice.index, token, std::move(logprobs)});
  if (choice.finished) return false;  // the reader was too slow
  if (choice.constraint && choice.constraint->finished()) {
    return finish_choice(choice, FinishReason::Stop, std::nullopt), false;
  }
  const bool full = static_cast<int>(choice.sequence.tokens.size()) >= info().context_tokens;
  if (choice.generated >= asked.tokens_max || full) {
    return finish_choice(choice, FinishReason::Length, std::nullopt), false;
  }
  return true;
}

// Tokens that a grammar leaves no choice about need no drawing; the model reads them like a prompt.
// With log probabilities every token is drawn, for its logits.
void Engine::Core::take_forced(Choice& choice) {
  if (!choice.constraint || choice.request->generate->top_logprobs) return;
  while (!choice.finished) {
    const auto forced = choice.constraint->forced();
    if (forced.empty()) return;
    const std::vector<TokenId> tokens(forced.begin(), forced.end());
    for (const TokenId token : tokens) {
      if (!take_token(choice, token, std::nullopt)) return;
    }
  }
}

void Engine::Core::finish_choice(Choice& choice, FinishReason reason,
                                 std::optional<TokenId> stop_token) {
  auto& request = *choice.request;
  choice.finished = true;
  if (!request.generate->prediction.empty()) {  // also of streams that nobody guessed for
    choice.drafter.read(choice.sequence.tokens, request.generate->prompt.size());
    request.usage.predicted_tokens += choice.drafter.predicted();
  }
  unschedule(choice, /*keep=*/true);
  tell(request, ChoiceFinished{choice.index, reason, stop_token});
  const bool all = std::ranges::all_of(request.choices, [](const auto& c) { return c->finished; });
  if (all) retire(request, Finished{request.usage});
}

void Engine::Core::use_hidden(const StepRows& rows, compute::Tensor hidden) {
  auto& choice = *rows.choice;
  auto& request = *choice.request;
  if (choice.finished) return;
  counted_.prompt_tokens += static_cast<std::uint64_t>(rows.count);
  if (rows.first == 0) {  // the beginning, perhaps for the second time, after preemption
    request.vectors.clear();
    if (request.pooler) request.pooler.emplace(pooling_of(info(), request.pooling), info().d_model);
  }
  for (int i = 0; i < rows.outputs; ++i) {
    const auto state = hidden.row(static_cast<std::size_t>(rows.first_output + i));
    if (request.pooler) {
      request.pooler->add(state);
    } else {
      request.vectors.emplace_back(state.begin(), state.end());
    }
  }
  const int end = rows.first + rows.count;
  cache_.advance(choice.sequence.kv, choice.sequence.tokens, end);
  if (end == static_cast<int>(choice.sequence.tokens.size())) finish_embedding(request);
}

void Engine::Core::finish_embedding(LiveRequest& request) {
  auto& choice = *request.choices[0];
  request.usage.prompt_tokens = static_cast<int>(choice.sequence.tokens.size());
  if (request.pooler) {
    auto pooled = request.pooler->result();
    pooled = request.pooling == Pooling::Rank ? parts_.model->scores(pooled)
                                              : parts_.model->project(std::move(pooled));
    request.vectors.push_back(std::move(pooled));
  }
  choice.finished = true;
  unschedule(choice, /*keep=*/false);
  tell(request, Embedded{std::move(request.vectors)});
  retire(request, Finished{request.usage});
}

// Counting pages looks at every cached one: now and then is enough, and when all have ended.
void Engine::Core::count_pages() {
  const auto now = std::chrono::steady_clock::now();
  if (!requests_.empty() && now < pages_counted_ + std::chrono::milliseconds(100)) return;
  pages_counted_ = now;
  const auto usage = cache_.usage();
  counted_.pages = usage.pages;
  counted_.pages_in_use = usage.pages_in_use;
  counted_.pages_cached = usage.pages_cached;
  counted_.cache_bytes_touched = usage.bytes_touched;
  if (parts_.draft) counted_.cache_bytes_touched += parts_.draft->cache_bytes_touched();
}

void Engine::Core::publish_stats(double seconds, std::uint64_t generated_before) {
  const auto counts = scheduler_.counts();
  count_pages();
  counted_.running = counts.running;
  counted_.waiting = counts.waiting;
  counted_.preemptions = counts.preemptions;
  if (seconds > 0) {
    const auto generated = static_cast<double>(counted_.generated_tokens - generated_before);
    const double rate = generated / seconds;
    double& smoothed = counted_.generated_per_second;
    smoothed = smoothed == 0 ? rate : 0.9 * smoothed + 0.1 * rate;
  }
  stats_.with([this](EngineStats& stats) { stats = counted_; });
}

}  // namespace engine
