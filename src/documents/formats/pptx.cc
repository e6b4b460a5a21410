// Slides (PresentationML, ECMA-376 part 1 section 19): one page per slide in the order shown, its
// title as heading, its speaker notes below.
#include <vector>

#include "base/limits/document.h"
#include "documents/formats/formats.h"
#include "documents/formats/office_parts.h"
#include "documents/xml.h"
#include "documents/zip_archive.h"

namespace documents {
namespace {

struct Slide {
  std::string title;
  std::string text;  // paragraphs by lines
};

// Shapes in the order of the file; the title's placeholder is set apart.
Result<Slide> read_slide(const std::string& xml) {
  Slide slide;
  XmlReader reader(xml);
  std::string line;
  bool in_title = false, in_text = false, in_cell = false;
  while (reader.next()) {
    if (reader.opens("sp")) {
      in_title = false;
    } else if (reader.opens("ph")) {
      const auto type = reader.attribute("type");
      in_title = type == "title" || type == "ctrTitle";
      // Numbers and dates of the layout say nothing.
      if (type == "sldNum" || type == "dt") in_title = false;
    } else if (reader.opens("t")) {
      in_text = true;
    } else if (reader.closes("t")) {
      in_text = false;
    } else if (reader.opens("br")) {
      line += ' ';
    } else if (reader.node() == XmlReader::Node::Text && in_text) {
      line += reader.text();
    } else if (reader.opens("tc")) {
      in_cell = true;
    } else if (reader.closes("tc")) {
      in_cell = false;
      slide.text += " | ";
    } else if (reader.closes("tr")) {
      if (slide.text.ends_with(" | ")) slide.text.resize(slide.text.size() - 3);
      slide.text += '\n';
    } else if (reader.closes("p")) {
      const auto clean = collapse(line);
      line.clear();
      if (clean.empty()) continue;
      if (in_title) {
        slide.title += (slide.title.empty() ? "" : " ") + clean;
      } else {
        slide.text += clean + (in_cell ? " " : "\n");
      }
    }
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  return slide;
}

Result<std::vector<std::string>> slides_in_order(ZipArchive& archive) {
  const std::string part = "ppt/presentation.xml";
  auto xml = archive.read(part);
  if (!xml) return fail(xml.error());
  auto links = relationships(archive, part);
  if (!links) return fail(links.error());
  std::vector<std::string> out;
  XmlReader reader(*xml);
  while (reader.next()) {
    if (!reader.opens("sldId")) continue;
    // `id` and `r:id` share their local name; the relationship's is the one that is known.
    for (const auto& id : {reader.attribute_of("r:id"), reader.attribute("id")}) {
      const auto found = links->find(id);
      if (found == links->end() || found->second.type != "slide") continue;
      out.push_back(found->second.target);
      break;
    }
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  if (out.size() > static_cast<std::size_t>(limits::document_pages_max))
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return out;
}

Result<std::string> notes_of(ZipArchive& archive, const std::string& slide) {
  auto links = relationships(archive, slide);
  if (!links) return fail(links.error());
  for (const auto& [id, link] : *links) {
    if (link.type != "notesSlide" || !archive.has(link.target)) continue;
    auto xml = archive.read(link.target);
    if (!xml) return fail(xml.error());
    auto notes = read_slide(*xml);
    if (!notes) return fail(notes.error());
    return notes->text;
  }
  return std::string();
}

}  // namespace

Result<Document> read_pptx(std::string_view bytes) {
  auto archive = ZipArchive::open(bytes);
  if (!archive) return fail(archive.error());
  auto slides = slides_in_order(*archive);
  if (!slides) return fail(slides.error());
  Writer writer;
  int number = 0;
  for (const auto& part : *slides) {
    auto xml = archive->read(part);
    if (!xml) return fail(xml.error());
    auto slide = read_slide(*xml);
    if (!slide) return fail(slide.error());
    auto notes = notes_of(*archive, part);
    if (!notes) return fail(notes.error());
    writer.page(++number);
    writer.named_section(slide->title.empty() ? "Slide " + std::to_string(number) : slide->title);
    writer.text(slide->text);
    if (!trim(*notes).empty()) {
      writer.paragraph();
      writer.text(*notes);
    }
    if (writer.full())
      return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  }
  return std::move(writer).finish();
}

}  // namespace documents
