// Limits of one step of the engine, one request to it.
#pragma once

namespace limits {

inline constexpr int engine_context_min = 256;         // a model that fits no more is refused
inline constexpr int engine_prompt_logprob_rows = 16;  // logits of a prompt held at a time
inline constexpr int engine_draft_tokens_max = 15;     // guessed ahead in one step
inline constexpr int engine_top_logprobs_max = 128;    // far above any API's
inline constexpr int engine_stop_tokens_max = 1'024;

}  // namespace limits
