#include "inference/scripted/backend.h"

#include <cmath>
#include <deque>
#include <functional>

#include <fmt/format.h>

#include "base/random.h"
#include "inference/stop_strings.h"

namespace inference::scripted {
namespace {

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    words += !space && !inside;
    inside = !space;
  }
  return words;
}

std::int64_t count_input(const RawPrompt& prompt) {
  const auto* text = std::get_if<std::string>(&prompt);
  return text ? count_words(*text) : static_cast<std::int64_t>(std::get<1>(prompt).size());
}

std::int64_t count_input(const GenerateRequest& request) {
  if (request.prompt) return count_input(*request.prompt);
  std::int64_t words = 0;
  for (const Message& message : request.messages) {
    words += 1 + count_words(text_of(message)) + count_words(message.reasoning);
    for (const ToolCall& call : message.tool_calls) words += 1 + count_words(call.arguments);
  }
  return words;
}

Error unknown_model(const std::string& id) {
  return {
      .code = ErrorCode::NotFound,
      .message = fmt::format("The model `{}` does not exist or you do not have access to it.", id),
      .reason = "model_not_found"};
}

// Plays one turn once per choice, one event at a time.
class Playback final : public EventStream {
 public:
  Playback(const Turn& turn, GenerateRequest request, base::IdGenerator& ids)
      : turn_(turn), request_(std::move(request)), ids_(ids), stops_(request_.sampling.stop) {
    usage_.input_tokens = count_input(request_);
    queue_.push_back(
        Started{.input_tokens = usage_.input_tokens, .cached_tokens = 0, .prompt = {}});
  }

  base::awaitable<Event> next() override {
    while (queue_.empty()) {
      if (const auto* wait = current<Wait>()) {
        const auto duration = wait->duration;
        ++step_;
        co_await base::sleep_for(duration);
        continue;
      }
      advance();
    }
    Event event = std::move(queue_.front());
    queue_.pop_front();
    co_return event;
  }

 private:
  template <class T>
  const T* current() const {
    return step_ < turn_.steps.size() ? std::get_if<T>(&turn_.steps[step_]) : nullptr;
  }

  // Queues at least one event, or moves past a step that makes none.
  void advance() {
    if (choice_ == request_.choices) {
      queue_.push_back(Finished{usage_});
      return;
    }
    if (step_ == turn_.steps.size())
      return finish(calls_ > 0 ? FinishReason::ToolCalls : FinishReason::Stop);
    if (request_.sampling.tokens_max && said_ >= *request_.sampling.tokens_max)
      return finish(FinishReason::Length);
    std::visit([this](const auto& step) { play(step); }, turn_.steps[step_++]);
  }

  void play(const Say& step) {
    count_token();
    say(stops_.push(step.text), step.text);
    if (stops_.stopped()) finish(FinishReason::Stop);
  }
  void play(const Think& step) {
    count_token();
    ++usage_.reasoning_tokens;
    queue_.push_back(ReasoningDelta{choice_, step.text});
  }
  void play(const Refuse& step) {
    count_token();
    queue_.push_back(RefusalDelta{choice_, step.text});
  }
  void play(const Call& step) {
    if (!request_.tool_choice.parallel && calls_ > 0) return;
    const int index = calls_++;
    queue_.push_back(ToolCallBegin{choice_, index, ids_.call(), step.name, step.custom});
    // Two pieces, so that a consumer that does not join them is found out.
    const std::size_t middle = step.arguments.size() / 2;
    for (const auto& piece : {step.arguments.substr(0, middle), step.arguments.substr(middle)}) {
      count_token();
      if (!piece.empty()) queue_.push_back(ToolCallDelta{choice_, index, piece});
    }
    queue_.push_back(ToolCallEnd{choice_, index});
  }
  void play(const Wait&) {}
  void play(const End& step) { finish(step.reason); }
  void play(const Fail& step) { queue_.push_back(Failed{step.error}); }

  void say(std::string text, const std::string& token) {
    if (text.empty()) return;
    TextDelta delta{.choice = choice_, .text = std::move(text), .logprobs = {}};
    if (request_.sampling.top_logprobs) {
      TokenLogprob logprob{.token = token, .logprob = -0.5f, .id = 0, .top = {}};
      for (int i = 0; i < *request_.sampling.top_logprobs; ++i) {
        logprob.top.push_back({.token = token, .logprob = -0.5f - static_cast<float>(i), .id = i});
      }
      delta.logprobs.push_back(std::move(logprob));
    }
    queue_.push_back(std::move(delta));
  }

  void count_token() {
    ++said_;
    ++usage_.output_tokens;
  }

  void finish(FinishReason reason) {
    say(stops_.flush(), "");
    queue_.push_back(ChoiceFinished{choice_, reason});
    ++choice_;
    step_ = 0;
    said_ = 0;
    calls_ = 0;
    stops_ = StopStrings(request_.sampling.stop);
  }

  const Turn& turn_;  // of the backend's script, which outlives every stream
  GenerateRequest request_;
  base::IdGenerator& ids_;
  StopStrings stops_;
  std::deque<Event> queue_;
  Usage usage_;
  std::size_t step_ = 0;
  int choice_ = 0;
  int calls_ = 0;
  std::int64_t said_ = 0;
};

// A unit vector that depends only on the text: equal texts are equal, others are nearly orthogonal.
std::vector<float> vector_of(std::string_view text, int dimensions) {
  base::SeededRandom random(std::hash<std::string_view>{}(text));
  std::vector<float> out(static_cast<std::size_t>(dimensions));
  double square = 0;
  for (float& x : out) {
    x = static_cast<float>(random.unit() - 0.5);
    square += static_cast<double>(x) * x;
  }
  for (float& x : out) x = static_cast<float>(x / std::sqrt(square));
  return out;
}

}  // namespace

ScriptedBackend::ScriptedBackend(Script script, base::IdGenerator& ids, std::int64_t created)
    : script_(std::move(script)), ids_(ids), created_(created) {}

const Model* ScriptedBackend::find(const std::string& id) const {
  for (const Model& model : script_.models) {
    if (model.id == id) return &model;
  }
  return nullptr;
}

std::vector<ModelInfo> ScriptedBackend::models() const {
  std::vector<ModelInfo> out;
  for (const Model& model : script_.models) {
    out.push_back({.id = model.id,
                   .created = created_,
                   .owned_by = "script",
                   .context_tokens = model.context_tokens});
  }
  return out;
}

bool ScriptedBackend::has(const std::string& model) const {
  return find(model) != nullptr;
}

base::awaitable<Result<std::unique_ptr<EventStream>>> ScriptedBackend::generate(
    GenerateRequest request) {
  const Model* model = find(request.model);
  if (!model) co_return fail(unknown_model(request.model));
  if (const auto tokens = count_input(request); tokens > model->context_tokens) {
    co_return fail(ErrorCode::InvalidRequest,
                   fmt::format("This model's maximum context length is {} tokens. However, your "
                               "messages resulted in {} "
                               "tokens. Please reduce the length of the messages.",
                               model->context_tokens, tokens),
                   "messages", "context_length_exceeded");
  }
  for (const Turn& turn : model->turns) {
    if (!turn.fits(request)) continue;
    // A failure that comes first is one the caller can still answer with a status.
    if (!turn.steps.empty() && std::holds_alternative<Fail>(turn.steps.front())) {
      co_return fail(std::get<Fail>(turn.steps.front()).error);
    }
    co_return std::make_unique<Playback>(turn, std::move(request), ids_);
  }
  co_return fail(ErrorCode::InvalidRequest,
                 "The script of this model has no turn for this request.");
}

base::awaitable<Result<Embeddings>> ScriptedBackend::embed(EmbedRequest request) {
  const Model* model = find(request.model);
  if (!model) co_return fail(unknown_model(request.model));
  Embeddings out;
  for (const RawPrompt& input : request.inputs) {
    std::string text;
    if (const auto* given = std::get_if<std::string>(&input))
      text = *given;
    else
      for (const std::int32_t token : std::get<1>(input)) text += fmt::format("{} ", token);
    out.vectors.push_back(
        vector_of(text, request.dimensions.value_or(model->embedding_dimensions)));
    out.input_tokens += count_input(input);
  }
  co_return out;
}

base::awaitable<Result<std::int64_t>> ScriptedBackend::count_tokens(GenerateRequest request) {
  if (!find(request.model)) co_return fail(unknown_model(request.model));
  co_return count_input(request);
}

}  // namespace inference::scripted
