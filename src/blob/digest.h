// A running hash of bytes, in hex: what a blob's key is made of, and what clients check uploads by.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace blob {

// One thread at a time. `hex` ends it.
class Digest {
 public:
  enum class Kind { Sha256, Md5 };

  explicit Digest(Kind kind = Kind::Sha256);
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  std::string hex();  // lower case

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace blob
