// The syntax tree of a template. Plain data, immutable after parsing, shared by all renders of the
// template on any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "inference/jinja/filters.h"
#include "inference/jinja/value.h"

namespace inference::jinja {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPtr>;
using Body = std::vector<Statement>;

// Names are numbered per template: comparing scopes' entries is comparing integers.
using NameId = int;

enum class BinaryOperator { Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power };
enum class CompareOperator { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, In, NotIn };

struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread;        // *args
  ExpressionPtr named_spread;  // **kwargs
};

struct ConstantNode {
  Value value;
};
struct NameNode {
  NameId id;
  std::string name;
};
struct ListNode {
  Expressions items;
};
struct TupleNode {
  Expressions items;
};
struct DictNode {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};
struct AttributeNode {
  ExpressionPtr object;
  std::string name;
};
struct SubscriptNode {
  ExpressionPtr object;
  ExpressionPtr key;
};
struct SliceNode {
  ExpressionPtr object, start, stop, step;
};  // absent bounds are null
struct CallNode {
  ExpressionPtr callee;
  CallArguments arguments;
};
// `object` is null in a filter block: the filter takes the block's text. A null `filter` or `test`
// is one that does not exist, which matters only when it is reached.
struct FilterNode {
  ExpressionPtr object;
  std::string name;
  FilterFunction filter;
  CallArguments arguments;
};
struct TestNode {
  ExpressionPtr object;
  std::string name;
  FilterFunction test;
  CallArguments arguments;
};
struct NotNode {
  ExpressionPtr operand;
};
struct SignNode {
  ExpressionPtr operand;
  bool negative;
};
struct AndNode {
  ExpressionPtr left, right;
};
struct OrNode {
  ExpressionPtr left, right;
};
struct BinaryNode {
  BinaryOperator op;
  ExpressionPtr left, right;
};
struct ConcatNode {
  Expressions parts;
};
struct CompareNode {
  ExpressionPtr first;
  std::vector<std::pair<CompareOperator, ExpressionPtr>> rest;
};
struct ConditionNode {
  ExpressionPtr test, then, otherwise;
};  // otherwise may be null

struct Expression {
  std::variant<ConstantNode, NameNode, ListNode, TupleNode, DictNode, AttributeNode, SubscriptNode,
               SliceNode, CallNode, FilterNode, TestNode, NotNode, SignNode, AndNode, OrNode,
               BinaryNode, ConcatNode, CompareNode, ConditionNode>
      node;
};

// What can be assigned to: a name, a member of a namespace, or a tuple of those.
struct Target {
  NameId id = -1;
  std::string name;
  std::string member;         // `{% set name.member = ... %}`
  std::vector<Target> parts;  // a tuple, when not empty or `is_tuple`
  bool is_tuple = false;
};

struct Parameter {
  NameId id;
  std::string name;
  ExpressionPtr otherwise;  // the default; null when there is none
};

struct Signature {
  std::string name;
  std::vector<Parameter> parameters;
  // Whether the body mentions the special names: only then surplus arguments are allowed.
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

struct MacroDefinition {
  Signature signature;
  Body body;
};

struct TextStatement {
  std::string text;
};
struct PrintStatement {
  ExpressionPtr value;
};
struct IfStatement {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct ForStatement {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  // may be null
  bool recursive = false;
  Body body;
  Body otherwise;
};
struct SetStatement {
  Target target;
  ExpressionPtr value;
};
struct SetBlockStatement {
  Target target;
  Expressions filters;
  Body body;
};
struct WithStatement {
  std::vector<std::pair<Target, ExpressionPtr>> bindings;
  Body body;
};
struct MacroStatement {
  NameId id;
  std::unique_ptr<MacroDefinition> macro;
};
struct CallStatement {
  ExpressionPtr call;
  std::unique_ptr<MacroDefinition> caller;
};
struct FilterStatement {
  Expressions filters;
  Body body;
};  // the innermost filter first
// A scope of its own that prints what it contains: {% generation %}, {% block %}, {% autoescape %}.
struct ScopeStatement {
  Body body;
};
struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  std::variant<TextStatement, PrintStatement, IfStatement, ForStatement, SetStatement,
               SetBlockStatement, WithStatement, MacroStatement, CallStatement, FilterStatement,
               ScopeStatement, BreakStatement, ContinueStatement>
      node;
};

struct SyntaxTree {
  Body body;
  std::vector<std::string> names;  // by NameId
};

}  // namespace inference::jinja
