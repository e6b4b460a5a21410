#include "http/address.h"

#include <array>
#include <cstdint>
#include <optional>

namespace http {
namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct Range {
  std::uint32_t network;
  int prefix;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, plus multicast and class E.
constexpr std::array<Range, 15> kSpecialV4{{
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared by carriers
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, cloud metadata
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved and broadcast
}};

bool is_public_v4(std::uint32_t address) {
  for (const auto& range : kSpecialV4) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - range.prefix);
    if ((address & mask) == range.network) return false;
  }
  return true;
}

using Bytes = address_v6::bytes_type;

std::uint32_t word(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 24 |
         static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

// The IPv4 address that packets to this IPv6 address may end up at.
std::optional<std::uint32_t> embedded_v4(const Bytes& bytes) {
  const bool zeros_80 =
      word(bytes, 0) == 0 && word(bytes, 4) == 0 && bytes[8] == 0 && bytes[9] == 0;
  if (zeros_80 && bytes[10] == 0xff && bytes[11] == 0xff) return word(bytes, 12);  // ::ffff:0:0/96
  if (word(bytes, 0) == 0x0064ff9b && word(bytes, 4) == 0 && word(bytes, 8) == 0) {
    return word(bytes, 12);  // 64:ff9b::/96
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return word(bytes, 2);  // 2002::/16
  return std::nullopt;
}

bool is_public_v6(const Bytes& bytes) {
  if (const auto v4 = embedded_v4(bytes)) return is_public_v4(*v4);
  if ((bytes[0] & 0xe0) != 0x20) return false;  // 2000::/3 is the only global unicast space
  const auto first = word(bytes, 0);
  if ((first & 0xfffffe00) == 0x20010000) return false;  // 2001::/23, Teredo among them
  if (first == 0x20010db8) return false;                 // documentation
  if ((first & 0xfffff000) == 0x3fff0000) return false;  // documentation
  return true;
}

}  // namespace

bool is_public_address(const boost::asio::ip::address& address) {
  if (address.is_v4()) return is_public_v4(address.to_v4().to_uint());
  return is_public_v6(address.to_v6().to_bytes());
}

}  // namespace http
