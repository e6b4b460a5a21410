// XML of a document's parts, node by node. Document type declarations are refused, so that no
// entity is ever defined, and nothing outside the text is read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

struct _xmlTextReader;

namespace documents {

// Reads from `text`, which must outlive it. One thread.
class XmlReader {
 public:
  enum class Node { Open, Close, Text };

  explicit XmlReader(std::string_view text);
  ~XmlReader();

  // The next element's begin or end, or text. False at the end and at an error, which `status`
  // tells apart. An empty element opens and closes.
  bool next();
  Status status() const;

  Node node() const { return node_; }
  // Of an element, without its prefix.
  std::string_view name() const;
  // By the attribute's local name, whatever its prefix; empty when absent.
  std::string attribute(std::string_view local_name) const;
  // By its whole name, prefix included, where two share their local name (`id` and `r:id`).
  std::string attribute_of(const std::string& whole_name) const;
  std::string_view text() const;
  bool opens(std::string_view element) const { return node_ == Node::Open && name() == element; }
  bool closes(std::string_view element) const { return node_ == Node::Close && name() == element; }

 private:
  struct Close {
    void operator()(_xmlTextReader* reader) const;
  };
  std::unique_ptr<_xmlTextReader, Close> reader_;
  Node node_ = Node::Text;
  bool close_pending_ = false;  // the element read last was empty
  bool failed_ = false;
  bool declares_type_ = false;
};

}  // namespace documents
