// Which addresses the program may connect to on a stranger's word (server-side request forgery).
#pragma once

#include <boost/asio/ip/address.hpp>

#include <functional>

namespace http {

// Decides about one resolved address. A host is refused when any of its addresses is.
using AddressPolicy = std::function<bool(const boost::asio::ip::address&)>;

// Globally reachable unicast (IANA's special-purpose registries): not loopback, private,
// link-local, shared, documentation, multicast or reserved; IPv6 forms that embed an IPv4 address
// are judged by that.
bool is_public_address(const boost::asio::ip::address& address);

}  // namespace http
