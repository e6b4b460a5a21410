// A byte stream over TCP, with TLS or without: what a connection reads from and writes to.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <string>
#include <utility>

namespace http::detail {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// Satisfies Asio's AsyncReadStream and AsyncWriteStream. One strand.
class Stream {
 public:
  using executor_type = tcp::socket::executor_type;
  using lowest_layer_type = tcp::socket::lowest_layer_type;

  // `tls` may be null; it outlives the stream.
  Stream(tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls != nullptr) tls_ = std::make_unique<Tls>(socket_, *tls);
  }

  executor_type get_executor() { return socket_.get_executor(); }
  tcp::socket& socket() { return socket_; }
  lowest_layer_type& lowest_layer() { return socket_.lowest_layer(); }
  bool encrypted() const { return tls_ != nullptr; }
  // Null when not encrypted.
  SSL* ssl() { return tls_ ? tls_->native_handle() : nullptr; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

  template <class Token>
  auto async_handshake(asio::ssl::stream_base::handshake_type type, Token&& token) {
    return tls_->async_handshake(type, std::forward<Token>(token));
  }
  // Client side, before the handshake: the certificate must be this host's.
  void verify_host(const std::string& host) {
    tls_->set_verify_callback(asio::ssl::host_name_verification(host));
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  using Tls = asio::ssl::stream<tcp::socket&>;
  tcp::socket socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace http::detail
