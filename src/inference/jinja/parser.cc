#include "inference/jinja/parser.h"

#include <algorithm>
#include <array>

namespace inference::jinja {
namespace {

constexpr std::array<std::string_view, 9> reserved_targets = {
    "true", "false", "none", "True", "False", "None", "and", "or", "not"};

// The tags that stand alone; others end with "end" + their name.
using Ends = std::initializer_list<std::string_view>;

}  // namespace

// --- tokens ---

bool Parser::at_operator(std::string_view text) const {
  return current().kind == Token::Kind::Operator && current().text == text;
}
bool Parser::at_name(std::string_view text) const {
  return current().kind == Token::Kind::Name && current().text == text;
}
bool Parser::skip_operator(std::string_view text) {
  if (!at_operator(text)) return false;
  take();
  return true;
}
bool Parser::skip_name(std::string_view text) {
  if (!at_name(text)) return false;
  take();
  return true;
}
void Parser::expect_operator(std::string_view text) {
  if (!skip_operator(text)) fail("expected '" + std::string(text) + "'");
}
std::string Parser::expect_name() {
  if (current().kind != Token::Kind::Name) fail("expected a name");
  return take().text;
}
void Parser::expect_block_end() {
  if (current().kind != Token::Kind::BlockEnd) fail("expected the end of the tag");
  take();
}

void Parser::fail(const std::string& what) const {
  std::string found;
  switch (current().kind) {
    case Token::Kind::End: found = "end of template"; break;
    case Token::Kind::BlockEnd:
    case Token::Kind::PrintEnd: found = "end of tag"; break;
    default: found = "'" + current().text + "'";
  }
  raise("template line " + std::to_string(current().line) + ": " + what + ", got " + found);
}

NameId Parser::name_id(const std::string& name) {
  const auto [found, is_new] = ids_.emplace(name, static_cast<NameId>(names_.size()));
  if (is_new) names_.push_back(name);
  return found->second;
}

// --- statements ---

SyntaxTree Parser::parse() {
  SyntaxTree tree;
  tree.body = body_until({});
  tree.names = names_;
  return tree;
}

// Statements up to a tag named in `ends`, whose name is the current token then; up to the end of
// the template when there are none.
Body Parser::body_until(Ends ends) {
  Nesting nesting(*this);
  nesting.deeper();
  Body body;
  for (;;) {
    switch (current().kind) {
      case Token::Kind::Text: body.push_back({TextStatement{take().text}}); break;
      case Token::Kind::PrintBegin: {
        take();
        body.push_back({PrintStatement{tuple_expression()}});
        if (current().kind != Token::Kind::PrintEnd)
          fail("expected the end of the print statement");
        take();
        break;
      }
      case Token::Kind::BlockBegin:
        take();
        if (current().kind == Token::Kind::Name &&
            std::find(ends.begin(), ends.end(), current().text) != ends.end())
          return body;
        statement(body);
        break;
      default:
        if (current().kind != Token::Kind::End || ends.size() != 0)
          fail("expected {% " + std::string(ends.size() ? *ends.begin() : "") + " %}");
        return body;
    }
  }
}

void Parser::statement(Body& out) {
  const std::string tag = expect_name();
  if (tag == "if") return if_statement(out);
  if (tag == "for") return for_statement(out);
  if (tag == "set") return set_statement(out);
  if (tag == "with") return with_statement(out);
  if (tag == "macro") return macro_statement(out);
  if (tag == "call") return call_statement(out);
  if (tag == "filter") return filter_statement(out);
  if (tag == "generation" || tag == "block" || tag == "autoescape")
    return scope_statement(out, tag);
  if (tag == "print") {
    out.push_back({PrintStatement{tuple_expression()}});
    return expect_block_end();
  }
  if (tag == "break" || tag == "continue") {
    if (loops_ == 0) fail("'" + tag + "' outside of a loop");
    if (tag == "break") {
      out.push_back({BreakStatement{}});
    } else {
      out.push_back({ContinueStatement{}});
    }
    return expect_block_end();
  }
  fail("Encountered unknown tag '" + tag + "'");
}

void Parser::if_statement(Body& out) {
  IfStatement statement;
  auto test = tuple_expression(false);
  for (;;) {
    expect_block_end();
    auto body = body_until({"elif", "else", "endif"});
    statement.branches.emplace_back(std::move(test), std::move(body));
    const std::string end = take().text;
    if (end == "elif") {
      test = tuple_expression(false);
      continue;
    }
    if (end == "else") {
      expect_block_end();
      statement.otherwise = body_until({"endif"});
      take();
    }
    expect_block_end();
    break;
  }
  out.push_back({std::move(statement)});
}

void Parser::for_statement(Body& out) {
  ForStatement statement;
  statement.target = target(true);
  if (!skip_name("in")) fail("expected 'in'");
  statement.iterable = tuple_expression(false);
  if (skip_name("if")) statement.condition = expression();
  statement.recursive = skip_name("recursive");
  expect_block_end();
  ++loops_;
  statement.body = body_until({"endfor", "else"});
  --loops_;
  if (take().text == "else") {
    expect_block_end();
    statement.otherwise = body_until({"endfor"});
    take();
  }
  expect_block_end();
  out.push_back({std::move(statement)});
}

void Parser::set_statement(Body& out) {
  Target to = target(true);
  if (skip_operator("=")) {
    out.push_back({SetStatement{std::move(to), tuple_expression()}});
    return expect_block_end();
  }
  SetBlockStatement statement{std::move(to), filter_chain(true), {}};
  expect_block_end();
  statement.body = body_until({"endset"});
  take();
  expect_block_end();
  out.push_back({std::move(statement)});
}

void Parser::with_statement(Body& out) {
  WithStatement statement;
  while (current().kind != Token::Kind::BlockEnd) {
    if (!statement.bindings.empty()) expect_operator(",");
    Target to = target(false);
    expect_operator("=");
    statement.bindings.emplace_back(std::move(to), expression());
  }
  expect_block_end();
  statement.body = body_until({"endwith"});
  take();
  expect_block_end();
  out.push_back({std::move(statement)});
}

Signature Parser::signature(std::string name) {
  Signature signature;
  signature.name = std::move(name);
  expect_operator("(");
  while (!at_operator(")")) {
    if (!signature.parameters.empty()) expect_operator(",");
    Parameter parameter;
    parameter.name = expect_name();
    parameter.id = name_id(parameter.name);
    if (skip_operator("=")) {
      parameter.otherwise = expression();
    } else if (!signature.parameters.empty() && signature.parameters.back().otherwise) {
      fail("non-default argument follows default argument");
    }
    signature.parameters.push_back(std::move(parameter));
  }
  expect_operator(")");
  return signature;
}

void Parser::macro_statement(Body& out) {
  const std::string name = expect_name();
  auto macro = std::make_unique<MacroDefinition>();
  const auto outer_mentions = std::exchange(mentions_, {});
  const auto outer_loops = std::exchange(loops_, 0);
  macro->signature = signature(name);
  expect_block_end();
  macro->body = body_until({"endmacro"});
  take();
  expect_block_end();
  macro->signature.uses_varargs = mentions_.varargs;
  macro->signature.uses_kwargs = mentions_.kwargs;
  macro->signature.uses_caller = mentions_.caller;
  mentions_ = outer_mentions;
  loops_ = outer_loops;
  out.push_back({MacroStatement{name_id(name), std::move(macro)}});
}

void Parser::call_statement(Body& out) {
  auto caller = std::make_unique<MacroDefinition>();
  if (at_operator("(")) caller->signature = signature("caller");
  caller->signature.name = "caller";
  auto call = expression();
  if (!std::holds_alternative<CallNode>(call->node)) fail("expected call");
  expect_block_end();
  // a loop around the block goes on outside of the caller
  const auto outer_loops = std::exchange(loops_, 0);
  caller->body = body_until({"endcall"});
  loops_ = outer_loops;
  take();
  expect_block_end();
  out.push_back({CallStatement{std::move(call), std::move(caller)}});
}

Expressions Parser::filter_chain(bool needs_pipe) {
  Expressions filters;
  while (needs_pipe ? skip_operator("|") : true) {
    filters.push_back(filter(nullptr));
    needs_pipe = true;
  }
  return filters;
}

void Parser::filter_statement(Body& out) {
  FilterStatement statement{filter_chain(false), {}};
  expect_block_end();
  statement.body = body_until({"endfilter"});
  take();
  expect_block_end();
  out.push_back({std::move(statement)});
}

void Parser::scope_statement(Body& out, const std::string& tag) {
  if (tag == "block") {
    expect_name();
    while (skip_name("scoped") || skip_name("required")) {
    }
  } else if (tag == "autoescape") {
    expression();
  }
  expect_block_end();
  ScopeStatement statement{body_until({"end" + tag})};
  take();
  if (tag == "block" && current().kind == Token::Kind::Name) take();
  expect_block_end();
  out.push_back({std::move(statement)});
}

Target Parser::single_target() {
  Target to;
  if (skip_operator("(")) {
    to = target(true);
    expect_operator(")");
    return to;
  }
  to.name = expect_name();
  if (std::find(reserved_targets.begin(), reserved_targets.end(), to.name) !=
      reserved_targets.end())
    fail("can't assign to '" + to.name + "'");
  to.id = name_id(to.name);
  if (skip_operator(".")) to.member = expect_name();
  return to;
}

Target Parser::target(bool with_tuple) {
  Nesting nesting(*this);
  nesting.deeper();
  Target first = single_target();
  if (!with_tuple || !at_operator(",")) return first;
  Target tuple;
  tuple.is_tuple = true;
  tuple.parts.push_back(std::move(first));
  while (skip_operator(",")) {
    if (at_name("in") || at_operator("=") || at_operator(")")) break;
    tuple.parts.push_back(single_target());
  }
  return tuple;
}

}  // namespace inference::jinja
