#include "api/items/sealed.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"

namespace api::items {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kNonceBytes;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text, std::size_t offset) {
  return reinterpret_cast<unsigned char*>(text.data() + offset);
}

enum class Direction { Open = 0, Seal = 1 };

// A context that has read everything but the text: key, nonce, version and project.
Context begin(const SealingKey& key, std::string_view head, std::string_view project,
              Direction direction) {
  Context context(EVP_CIPHER_CTX_new());
  const auto nonce = head.substr(1);
  int written = 0;
  CHECK(context);
  CHECK(EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                          reinterpret_cast<const unsigned char*>(key.data()), bytes_of(nonce),
                          static_cast<int>(direction)) == 1);
  for (const std::string_view bound : {head.substr(0, 1), project}) {
    if (bound.empty()) continue;
    CHECK(EVP_CipherUpdate(context.get(), nullptr, &written, bytes_of(bound),
                           static_cast<int>(bound.size())) == 1);
  }
  return context;
}

std::string base64url(std::string_view bytes) {
  std::string out = base::base64_encode(bytes);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

std::optional<std::string> decrypt(const SealingKey& key, std::string_view project,
                                   std::string_view sealed) {
  auto bytes = base::base64_decode(sealed);
  if (!bytes || bytes->size() < kHeadBytes + kTagBytes || bytes->front() != kVersion)
    return std::nullopt;
  const std::string_view all(*bytes);
  const auto text = all.substr(kHeadBytes, all.size() - kHeadBytes - kTagBytes);
  const Context context = begin(key, all.substr(0, kHeadBytes), project, Direction::Open);
  std::string out(text.size(), '\0');
  int written = 0;
  const std::size_t tag_at = all.size() - kTagBytes;
  if (!text.empty()) {
    CHECK(EVP_CipherUpdate(context.get(), bytes_of(out, 0), &written, bytes_of(text),
                           static_cast<int>(text.size())) == 1);
  }
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes,
                            bytes_of(*bytes, tag_at)) == 1);
  unsigned char none[1];
  if (EVP_CipherFinal_ex(context.get(), none, &written) != 1) return std::nullopt;
  return out;
}

}  // namespace

std::string AesSealer::seal(const base::ProjectId& project, std::string_view text) {
  std::string out(kHeadBytes + text.size() + kTagBytes, '\0');
  out[0] = kVersion;
  random_.fill(std::as_writable_bytes(std::span(out)).subspan(1, kNonceBytes));
  const Context context =
      begin(key_, std::string_view(out).substr(0, kHeadBytes), project.value, Direction::Seal);
  int written = 0;
  if (!text.empty()) {
    CHECK(EVP_CipherUpdate(context.get(), bytes_of(out, kHeadBytes), &written, bytes_of(text),
                           static_cast<int>(text.size())) == 1);
  }
  unsigned char none[1];
  CHECK(EVP_CipherFinal_ex(context.get(), none, &written) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                            bytes_of(out, kHeadBytes + text.size())) == 1);
  return base64url(out);
}

Result<std::string> AesSealer::open(const base::ProjectId& project, std::string_view sealed,
                                    std::string_view id) {
  auto text = decrypt(key_, project.value, sealed);
  if (text) return std::move(*text);
  return fail(ErrorCode::InvalidRequest,
              fmt::format("The encrypted content{}{} could not be verified. Reason: Encrypted "
                          "content could not be decrypted or parsed.",
                          id.empty() ? "" : " for item ", id),
              "input", "invalid_encrypted_content");
}

}  // namespace api::items
