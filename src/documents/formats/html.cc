// HTML to text: what a reader sees, without scripts and styles; headings make sections.
#include <libxml/HTMLparser.h>

#include <array>
#include <limits>
#include <memory>

#include "base/limits/document.h"
#include "documents/encoding.h"
#include "documents/formats/formats.h"

namespace documents {
namespace {

struct FreeDocument {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};

std::string_view name_of(const xmlNode* node) {
  return node->name ? std::string_view(reinterpret_cast<const char*>(node->name))
                    : std::string_view();
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  for (const auto each : names) {
    if (each == name) return true;
  }
  return false;
}

bool is_hidden(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kHidden{
      "script", "style",  "noscript", "template", "head",
      "svg",    "iframe", "object",   "select",   "button"};
  return is_one_of(name, kHidden);
}

bool is_block(std::string_view name) {
  static constexpr std::array<std::string_view, 24> kBlocks{
      "p",      "div", "section", "article", "header",     "footer", "main", "nav",
      "aside",  "ul",  "ol",      "dl",      "blockquote", "pre",    "form", "table",
      "figure", "hr",  "address", "details", "fieldset",   "dd",     "dt",   "caption"};
  return is_one_of(name, kBlocks);
}

int level_of_tag(std::string_view name) {
  return name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' ? name[1] - '0' : 0;
}

// Writes a tree node by node, without recursion.
class HtmlText {
 public:
  explicit HtmlText(Writer& writer) : writer_(writer) {}

  void walk(const xmlNode* root) {
    const xmlNode* node = root;
    while (node && !writer_.full()) {
      const bool descend = enter(node);
      if (descend && node->children) {
        node = node->children;
        continue;
      }
      if (descend) leave(node);
      while (node != root && !node->next) {
        node = node->parent;
        leave(node);
      }
      if (node == root) return;
      node = node->next;
    }
  }

 private:
  // False when what is below is not read.
  bool enter(const xmlNode* node) {
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
      if (node->content) add(reinterpret_cast<const char*>(node->content));
      return true;
    }
    if (node->type != XML_ELEMENT_NODE) return node->type == XML_HTML_DOCUMENT_NODE;
    const auto name = name_of(node);
    if (is_hidden(name)) return false;
    if (level_of_tag(name)) {
      heading_ = &heading_text_;
      heading_text_.clear();
    } else if (name == "br") {
      heading_ ? add(" ") : writer_.line_break();
    } else if (name == "li") {
      writer_.line_break();
      add("- ");
    } else if (name == "tr") {
      writer_.line_break();
      first_cell_ = true;
    } else if (name == "td" || name == "th") {
      if (!first_cell_) add(" | ");
      first_cell_ = false;
    } else if (is_block(name) && !heading_) {
      writer_.paragraph();
    }
    if (name == "pre") ++preformatted_;
    return true;
  }

  void leave(const xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return;
    const auto name = name_of(node);
    if (const int level = level_of_tag(name); level && heading_) {
      heading_ = nullptr;
      writer_.heading(level, heading_text_);
    } else if ((is_block(name) || name == "tr") && !heading_) {
      name == "tr" ? writer_.line_break() : writer_.paragraph();
    }
    if (name == "pre") --preformatted_;
  }

  void add(std::string_view text) {
    if (preformatted_ > 0 && !heading_) return writer_.text(text);
    std::string flat;
    for (const char c : text) {
      const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
      if (!blank) {
        flat += c;
      } else if (flat.empty() || flat.back() != ' ') {
        flat += ' ';
      }
    }
    if (heading_) {
      *heading_ += flat;
    } else if (flat != " " || !writer_.section_is_empty()) {
      writer_.text(flat);
    }
  }

  Writer& writer_;
  std::string heading_text_;
  std::string* heading_ = nullptr;  // where text goes inside a heading
  int preformatted_ = 0;
  bool first_cell_ = true;
};

// The character set that the page names, from its first bytes.
std::string charset_of(std::string_view bytes) {
  const auto head = bytes.substr(0, 2048);
  const auto at = head.find("charset=");
  if (at == std::string_view::npos) return {};
  std::string out;
  for (char c : head.substr(at + 8)) {
    if (c == '"' || c == '\'') continue;
    const bool part = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-' || c == '_';
    if (!part || out.size() > 30) break;
    out += c;
  }
  return out;
}

}  // namespace

Status write_html(Writer& writer, const std::string& html) {
  if (html.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  const std::unique_ptr<xmlDoc, FreeDocument> tree(
      htmlReadMemory(html.data(), static_cast<int>(html.size()), nullptr, "UTF-8",
                     HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                         HTML_PARSE_NONET | HTML_PARSE_COMPACT));
  if (!tree) return {};  // nothing in it
  const xmlNode* root = xmlDocGetRootElement(tree.get());
  if (root) HtmlText(writer).walk(root);
  if (writer.full())
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return {};
}

Result<Document> read_html(std::string_view bytes) {
  auto text = decode_text(bytes, charset_of(bytes));
  if (!text) return fail(text.error());
  Writer writer;
  if (auto status = write_html(writer, *text); !status) return fail(status.error());
  return std::move(writer).finish();
}

}  // namespace documents
