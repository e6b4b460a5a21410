// Identifiers: distinct types, and a generator that writes them in the real API's formats.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace base {

// A string that cannot be passed where another kind of id is meant.
template <class Tag>
struct Id {
  std::string value;

  auto operator<=>(const Id&) const = default;
};

using OrganizationId = Id<struct OrganizationTag>;
using ProjectId = Id<struct ProjectTag>;
using KeyId = Id<struct KeyTag>;
using FileId = Id<struct FileTag>;
using UploadId = Id<struct UploadTag>;
using ResponseId = Id<struct ResponseTag>;
using ConversationId = Id<struct ConversationTag>;
using ItemId = Id<struct ItemTag>;
using CompletionId = Id<struct CompletionTag>;
using VectorStoreId = Id<struct VectorStoreTag>;
using BatchId = Id<struct BatchTag>;
using JobId = Id<struct JobTag>;

// Any thread when its Random allows it.
class IdGenerator {
 public:
  IdGenerator(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  // `req_` + 32 hex, as in the x-request-id header.
  std::string request() { return "req_" + random_.hex(32); }
  // `chatcmpl-` + 29 base62.
  std::string chat_completion() { return "chatcmpl-" + random_.base62(29); }
  // `cmpl-` + 29 base62.
  std::string completion() { return "cmpl-" + random_.base62(29); }
  // `file-` + 22 base62.
  std::string file() { return "file-" + random_.base62(22); }
  // `call_` + 24 base62: links a tool call with its output.
  std::string call() { return "call_" + random_.base62(24); }
  // `batch_`, `vs_`, `upload_`... + 32 hex: every object without a layout of its own.
  std::string object(std::string_view prefix) {
    return std::string(prefix) + "_" + random_.hex(32);
  }
  // `resp_`, `conv_`, `msg_`, `rs_`, `fc_`...: PREFIX_ + 16 hex shared by what belongs together (a
  // response and its items) + "00" + 8 hex Unix time + 24 hex random, as measured on the real API.
  std::string item(std::string_view prefix, std::string_view family_hex16);
  // The 16 hex of a new family.
  std::string family() { return random_.hex(16); }
  // `sk-` + 48 base62: a secret key.
  std::string secret_key() { return "sk-" + random_.base62(48); }

  Random& random() { return random_; }

 private:
  const Clock& clock_;
  Random& random_;
};

}  // namespace base
