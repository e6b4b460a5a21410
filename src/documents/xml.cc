#include "documents/xml.h"

#include <libxml/xmlreader.h>

#include <limits>

#include "base/limits/document.h"

namespace documents {
namespace {

std::string_view view(const xmlChar* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

}  // namespace

void XmlReader::Close::operator()(_xmlTextReader* reader) const {
  xmlFreeTextReader(reader);
}

XmlReader::XmlReader(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    failed_ = true;
    return;
  }
  reader_.reset(xmlReaderForMemory(
      text.data(), static_cast<int>(text.size()), nullptr, nullptr,
      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA));
  failed_ = !reader_;
}

XmlReader::~XmlReader() = default;

bool XmlReader::next() {
  if (failed_) return false;
  if (close_pending_) {
    close_pending_ = false;
    node_ = Node::Close;
    return true;
  }
  while (true) {
    const int read = xmlTextReaderRead(reader_.get());
    if (read != 1) {
      failed_ = read < 0;
      return false;
    }
    switch (xmlTextReaderNodeType(reader_.get())) {
      case XML_READER_TYPE_ELEMENT:
        if (xmlTextReaderDepth(reader_.get()) > limits::document_element_depth_max) {
          failed_ = true;
          return false;
        }
        node_ = Node::Open;
        close_pending_ = xmlTextReaderIsEmptyElement(reader_.get()) == 1;
        return true;
      case XML_READER_TYPE_END_ELEMENT: node_ = Node::Close; return true;
      case XML_READER_TYPE_TEXT:
      case XML_READER_TYPE_CDATA:
      case XML_READER_TYPE_SIGNIFICANT_WHITESPACE: node_ = Node::Text; return true;
      case XML_READER_TYPE_DOCUMENT_TYPE: declares_type_ = failed_ = true; return false;
      default: break;
    }
  }
}

Status XmlReader::status() const {
  if (!failed_) return {};
  return fail(ErrorCode::InvalidRequest,
              declares_type_ ? "The file could not be parsed: it declares a document type."
                             : "The file could not be parsed: a part of it is not valid XML.");
}

std::string_view XmlReader::name() const {
  return view(xmlTextReaderConstLocalName(reader_.get()));
}

std::string XmlReader::attribute(std::string_view local_name) const {
  std::string out;
  if (xmlTextReaderMoveToFirstAttribute(reader_.get()) != 1) return out;
  do {
    if (view(xmlTextReaderConstLocalName(reader_.get())) == local_name) {
      out = view(xmlTextReaderConstValue(reader_.get()));
      break;
    }
  } while (xmlTextReaderMoveToNextAttribute(reader_.get()) == 1);
  xmlTextReaderMoveToElement(reader_.get());
  return out;
}

std::string XmlReader::attribute_of(const std::string& whole_name) const {
  xmlChar* value = xmlTextReaderGetAttribute(reader_.get(),
                                             reinterpret_cast<const xmlChar*>(whole_name.c_str()));
  std::string out(view(value));
  xmlFree(value);
  return out;
}

std::string_view XmlReader::text() const {
  return view(xmlTextReaderConstValue(reader_.get()));
}

}  // namespace documents
