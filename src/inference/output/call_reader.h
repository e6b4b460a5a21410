// Reads the calls after a trigger, one reader per form of writing them (syntax.h, CallForm).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/output/custom_input.h"
#include "inference/output/delta.h"
#include "inference/output/syntax.h"
#include "inference/tool.h"

namespace inference::output {

// Where readers put what they understand: numbers the calls, unwraps custom tools' arguments.
class CallSink {
 public:
  CallSink(const std::vector<Tool>& tools, std::vector<Delta>& out) : tools_(tools), out_(out) {}

  void begin(std::string name, std::string id);
  void arguments(std::string_view json);
  void end();

  bool is_open() const { return is_open_; }
  int count() const { return index_; }
  // Null when no tool has this name.
  const Tool* find(std::string_view name) const;
  // "string", "integer"... as the schema of the open call's tool declares the parameter; empty when
  // it does not or allows several.
  std::string_view parameter_type(std::string_view parameter) const;

 private:
  const std::vector<Tool>& tools_;
  std::vector<Delta>& out_;
  const Tool* tool_ = nullptr;
  bool is_open_ = false;
  bool is_custom_ = false;
  CustomInput input_;  // of a custom tool's call
  int index_ = 0;
};

enum class Progress {
  NeedMore,    // nothing more can be read from what is there
  Progressed,  // a call began or ended; go on
  Done,        // the calls are over, the rest is not theirs
  Malformed,   // this is no call after all
};

// What stands before a call's arguments: a name, an id, and markers.
inline constexpr std::size_t header_bytes_max = 512;

// Lives from a trigger to Done or Malformed.
class CallReader {
 public:
  virtual ~CallReader() = default;
  // Takes what it understands from the front of `text`. `at_end`: nothing will follow.
  virtual Progress read(std::string_view& text, bool at_end, CallSink& sink) = 0;
};

std::unique_ptr<CallReader> make_json_reader(const ToolSyntax& syntax, bool is_bare);
std::unique_ptr<CallReader> make_named_reader(const ToolSyntax& syntax);
std::unique_ptr<CallReader> make_tag_reader(const ToolSyntax& syntax);
std::unique_ptr<CallReader> make_python_reader(const ToolSyntax& syntax);

// How much of the end of `text` could be the beginning of `marker`.
std::size_t partial_suffix(std::string_view text, std::string_view marker);
// `text` is a beginning of `marker`, but not all of it.
bool is_proper_prefix(std::string_view text, std::string_view marker);
std::string_view trim(std::string_view text);

}  // namespace inference::output
