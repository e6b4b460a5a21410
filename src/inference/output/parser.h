// Generated text to reasoning, visible text and tool calls, as it comes. The result does not depend
// on how the text is cut into pieces, except for the sizes of the deltas.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "inference/output/call_reader.h"
#include "inference/output/delta.h"
#include "inference/output/syntax.h"
#include "inference/tool.h"

namespace inference::output {

// What a template's models write; found once per model.
struct OutputSyntax {
  const ToolSyntax* tools;  // an entry of tool_syntaxes()
  ReasoningMarkers reasoning;
};
OutputSyntax detect(std::string_view template_source);

// The prompt's last reasoning was opened and not closed.
bool opens_reasoning(std::string_view prompt, const ReasoningMarkers& markers);
// The trigger that the prompt ends with, where it begins every turn (functionary's >>>).
std::string_view begun_by(std::string_view prompt, const ToolSyntax& syntax);

// One choice of one request; one thread. Special tokens must arrive as their text, the token that
// ends the turn may be left out.
class OutputParser {
 public:
  // `prompt` tells whether the template has opened the reasoning already. Without tools nothing is
  // read as a call.
  OutputParser(const OutputSyntax& syntax, std::vector<Tool> tools, std::string_view prompt);
  // The sink refers to members.
  OutputParser(const OutputParser&) = delete;
  OutputParser& operator=(const OutputParser&) = delete;

  std::vector<Delta> feed(std::string_view piece);
  // Nothing more will come. What was held back as a possible marker comes out as what it is, unless
  // the turn was cut off where a further call begins.
  std::vector<Delta> finish(bool was_cut = false);

  int calls() const { return sink_.count() + (sink_.is_open() ? 1 : 0); }

 private:
  struct Marker {
    enum class Kind { Trigger, Dropped, ReasoningOpen, ReasoningClose };
    std::string_view text;
    Kind kind;
    // Reasoning stands before the answer; later its markers are only words.
    bool is_only_first() const {
      return kind == Kind::ReasoningOpen || kind == Kind::ReasoningClose;
    }
  };

  static std::vector<Marker> markers_of(const OutputSyntax& syntax, bool with_calls);
  void run(bool at_end);
  // Each takes what it can from `pending`; false when it needs more text.
  bool read_reasoning(std::string_view& pending, bool at_end);
  bool read_text(std::string_view& pending, bool at_end);
  bool read_calls(std::string_view& pending, bool at_end);
  bool read_harmony(std::string_view& pending, bool at_end);
  bool read_harmony_header(std::string_view& pending, bool at_end);
  bool read_harmony_body(std::string_view& pending, bool at_end);

  bool may_begin_marker(std::string_view text) const;
  bool starts_bare_json(std::string_view& pending, bool at_end);
  void take_marker(const Marker& marker, std::string_view& pending);
  void start_calls(std::unique_ptr<CallReader> reader);
  void emit_text(std::string_view text);
  void emit_reasoning(std::string_view text);
  void emit(bool is_reasoning, std::string_view text);

  const ToolSyntax& syntax_;
  const ReasoningMarkers reasoning_;
  const std::vector<Tool> tools_;
  const std::vector<Marker> markers_;  // of the free text
  std::vector<Delta> out_;
  CallSink sink_;

  std::string pending_;  // not understood yet
  std::unique_ptr<CallReader> reader_;
  std::string raw_;   // what the reader took since the last call it completed: text, if it fails
  std::string held_;  // white space that is dropped unless more text follows
  bool in_reasoning_ = false;
  bool was_cut_ = false;
  bool has_text_ = false;     // something visible was said
  bool skips_space_ = false;  // after structure: the space that follows belongs to it
  bool may_be_bare_json_ = true;

  enum class Harmony { Header, Text, Reasoning, Call };
  Harmony harmony_ = Harmony::Header;
};

}  // namespace inference::output
