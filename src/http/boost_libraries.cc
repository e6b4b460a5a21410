// The code of Asio's TLS part and of Beast, compiled once here instead of in every file that
// includes them. Asio's own is in base/async.cc.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
