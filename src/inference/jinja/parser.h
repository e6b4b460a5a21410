// Template source to syntax tree. Recursive descent after Jinja2's grammar; split in two files,
// expressions and statements.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/jinja/ast.h"
#include "inference/jinja/lexer.h"

namespace inference::jinja {

class Parser {
 public:
  explicit Parser(std::string_view source) : tokens_(tokenize(source)) {}

  // Raises with the line for what is no template.
  SyntaxTree parse();

 private:
  // Counts how deep the source is nested, so that a hostile one cannot exhaust the stack.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {}
    ~Nesting() { parser_.depth_ -= levels_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    // One level more, until this object ends. A chain such as a + b + c is a tree as deep as it is
    // long, so each of its links counts.
    void deeper();

   private:
    Parser& parser_;
    std::size_t levels_ = 0;
  };
  // What a macro's body mentions; see Signature.
  struct Mentions {
    bool varargs = false;
    bool kwargs = false;
    bool caller = false;
  };

  // --- tokens ---
  const Token& current() const { return tokens_[at_]; }
  const Token& peek() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  bool at_operator(std::string_view text) const;
  bool at_name(std::string_view text) const;
  bool skip_operator(std::string_view text);
  bool skip_name(std::string_view text);
  void expect_operator(std::string_view text);
  std::string expect_name();
  void expect_block_end();
  [[noreturn]] void fail(const std::string& what) const;
  NameId name_id(const std::string& name);

  // --- statements ---
  Body body_until(std::initializer_list<std::string_view> ends);
  void statement(Body& out);
  void if_statement(Body& out);
  void for_statement(Body& out);
  void set_statement(Body& out);
  void with_statement(Body& out);
  void macro_statement(Body& out);
  void call_statement(Body& out);
  void filter_statement(Body& out);
  void scope_statement(Body& out, const std::string& tag);
  Signature signature(std::string name);
  Target target(bool with_tuple);
  Target single_target();
  Expressions filter_chain(bool needs_pipe);

  // --- expressions, from loosest to tightest ---
  ExpressionPtr tuple_expression(bool with_condition = true);
  ExpressionPtr expression() { return condition(); }
  ExpressionPtr condition();
  ExpressionPtr or_expression();
  ExpressionPtr and_expression();
  ExpressionPtr not_expression();
  ExpressionPtr compare();
  std::optional<CompareOperator> compare_operator();
  ExpressionPtr sum();
  ExpressionPtr concat();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filter);
  ExpressionPtr primary();
  ExpressionPtr name_expression();
  ExpressionPtr number();
  ExpressionPtr parenthesised();
  ExpressionPtr list();
  ExpressionPtr dict();
  ExpressionPtr postfix(ExpressionPtr object);
  ExpressionPtr filters_and_tests(ExpressionPtr object);
  ExpressionPtr subscript(ExpressionPtr object);
  ExpressionPtr subscript_key(ExpressionPtr& object);
  ExpressionPtr filter(ExpressionPtr object);
  ExpressionPtr test(ExpressionPtr object);
  CallArguments call_arguments();
  std::string dotted_name();
  bool at_expression_end() const;

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t loops_ = 0;  // loops around the current place, within this macro
  Mentions mentions_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, NameId> ids_;
};

template <class Node>
ExpressionPtr make_expression(Node node) {
  return std::make_unique<Expression>(Expression{std::move(node)});
}

}  // namespace inference::jinja
