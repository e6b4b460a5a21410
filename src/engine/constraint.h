// The seam to grammars: what may come next, asked token by token. Compiled elsewhere
// (inference/grammar over engine/grammar); the engine only follows it.
#pragma once

#include <span>

#include "engine/sampling/sampler.h"
#include "engine/token.h"

namespace engine {

// One per choice. Called on the engine thread only, between steps: every call must take
// microseconds.
class TokenConstraint {
 public:
  virtual ~TokenConstraint() = default;

  // The tokens that may come next, end-of-text tokens included where the text may end. Empty when
  // everything may. Valid until the next call.
  virtual TokenMask mask() = 0;
  // Whether `token`, drawn under the last mask, may be taken. False where it leads to where nothing
  // could end any more, which a mask need not see; the next mask leaves it out.
  virtual bool permits(TokenId token) {
    (void)token;
    return true;
  }
  // `token` was chosen. False when it was not allowed, which fails the request.
  virtual bool accept(TokenId token) = 0;
  // Tokens that must follow now whatever the model says; the engine takes them without drawing.
  // Valid until the next call.
  virtual std::span<const TokenId> forced() { return {}; }
  // Nothing may follow any more: the choice ends as if a stop token had come.
  virtual bool finished() const = 0;
};

}  // namespace engine
