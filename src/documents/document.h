// What is read out of a file: text in sections that remember their page and heading.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace documents {

struct Section {
  int page = 0;              // 1-based; 0 when the format has no pages. A slide is a page.
  std::string heading = {};  // path of headings, "Part > Chapter"; a sheet's name; empty when none
  std::string text = {};  // UTF-8; paragraphs apart by an empty line; begins with its own heading
};

struct Document {
  std::vector<Section> sections;

  // All text in order, as a person would read it.
  std::string text() const;
};

// Builds a Document piece by piece, within limits. What goes beyond them is left out, and `full`
// says so: readers look at it and stop.
class Writer {
 public:
  // Ends the section; what follows is on page `number`.
  void page(int number);
  // Ends the section; what follows stands under this heading. `level` 1 is the highest. The
  // heading becomes the first line of its section, as `line` if given (Markdown keeps its marks).
  void heading(int level, std::string_view title, std::string_view line = {});
  // The same for formats whose pieces have names and no levels (sheets, slides, chapters).
  void named_section(std::string_view title) { heading(1, title); }

  void text(std::string_view piece);
  void line_break();
  void paragraph();  // an empty line, once
  bool full() const { return full_; }
  // True when no text has been written since the last heading or page.
  bool section_is_empty() const { return current_.text.empty(); }

  Document finish() &&;

 private:
  void end_section();

  struct Heading {
    int level;
    std::string title;
  };
  Document document_;
  Section current_;
  std::vector<Heading> path_;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

// Without blanks at either end, inner runs of blanks as one space.
std::string collapse(std::string_view text);
std::string_view trim(std::string_view text);
// With ASCII letters in lower case.
std::string lower(std::string_view text);
// The cells of a table's row as one line.
std::string joined(const std::vector<std::string>& row);

}  // namespace documents
