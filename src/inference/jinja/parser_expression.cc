// Expressions, in Jinja2's order of precedence.
#include <algorithm>

#include "base/limits/chat_template.h"
#include "inference/jinja/parser.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {

void Parser::Nesting::deeper() {
  ++levels_;
  if (++parser_.depth_ > limits::template_syntax_depth_max) {
    throw Failure{ErrorCode::ResourceExhausted, "the template is nested too deeply"};
  }
}

bool Parser::at_expression_end() const {
  const auto kind = current().kind;
  return kind == Token::Kind::BlockEnd || kind == Token::Kind::PrintEnd ||
         kind == Token::Kind::End || at_operator(")");
}

ExpressionPtr Parser::tuple_expression(bool with_condition) {
  Expressions items;
  bool is_tuple = false;
  while (!at_expression_end()) {
    // `in` ends the targets of a for loop, `if`, `recursive` its iterable
    items.push_back(with_condition ? condition() : or_expression());
    if (!at_operator(",")) break;
    take();
    is_tuple = true;
  }
  if (is_tuple) return make_expression(TupleNode{std::move(items)});
  if (items.empty()) fail("expected an expression");
  return std::move(items[0]);
}

ExpressionPtr Parser::condition() {
  Nesting nesting(*this);
  nesting.deeper();
  auto value = or_expression();
  while (skip_name("if")) {
    nesting.deeper();
    auto test = or_expression();
    auto otherwise = skip_name("else") ? condition() : nullptr;
    value = make_expression(ConditionNode{std::move(test), std::move(value), std::move(otherwise)});
  }
  return value;
}

ExpressionPtr Parser::or_expression() {
  Nesting nesting(*this);
  auto left = and_expression();
  while (skip_name("or")) {
    nesting.deeper();
    left = make_expression(OrNode{std::move(left), and_expression()});
  }
  return left;
}

ExpressionPtr Parser::and_expression() {
  Nesting nesting(*this);
  auto left = not_expression();
  while (skip_name("and")) {
    nesting.deeper();
    left = make_expression(AndNode{std::move(left), not_expression()});
  }
  return left;
}

ExpressionPtr Parser::not_expression() {
  Nesting nesting(*this);
  nesting.deeper();
  if (skip_name("not")) return make_expression(NotNode{not_expression()});
  return compare();
}

std::optional<CompareOperator> Parser::compare_operator() {
  static constexpr std::pair<std::string_view, CompareOperator> operators[] = {
      {"==", CompareOperator::Equal},  {"!=", CompareOperator::NotEqual},
      {"<", CompareOperator::Less},    {"<=", CompareOperator::LessEqual},
      {">", CompareOperator::Greater}, {">=", CompareOperator::GreaterEqual},
  };
  for (const auto& [text, op] : operators) {
    if (skip_operator(text)) return op;
  }
  if (skip_name("in")) return CompareOperator::In;
  if (at_name("not") && peek().kind == Token::Kind::Name && peek().text == "in") {
    take();
    take();
    return CompareOperator::NotIn;
  }
  return std::nullopt;
}

ExpressionPtr Parser::compare() {
  auto first = sum();
  std::vector<std::pair<CompareOperator, ExpressionPtr>> rest;
  while (const auto op = compare_operator()) rest.emplace_back(*op, sum());
  if (rest.empty()) return first;
  return make_expression(CompareNode{std::move(first), std::move(rest)});
}

ExpressionPtr Parser::sum() {
  Nesting nesting(*this);
  auto left = concat();
  while (at_operator("+") || at_operator("-")) {
    nesting.deeper();
    const auto op = take().text == "+" ? BinaryOperator::Add : BinaryOperator::Subtract;
    left = make_expression(BinaryNode{op, std::move(left), concat()});
  }
  return left;
}

ExpressionPtr Parser::concat() {
  Expressions parts;
  parts.push_back(product());
  while (skip_operator("~")) parts.push_back(product());
  if (parts.size() == 1) return std::move(parts[0]);
  return make_expression(ConcatNode{std::move(parts)});
}

ExpressionPtr Parser::product() {
  Nesting nesting(*this);
  auto left = power();
  for (;;) {
    nesting.deeper();
    BinaryOperator op;
    if (skip_operator("*")) {
      op = BinaryOperator::Multiply;
    } else if (skip_operator("/")) {
      op = BinaryOperator::Divide;
    } else if (skip_operator("//")) {
      op = BinaryOperator::FloorDivide;
    } else if (skip_operator("%")) {
      op = BinaryOperator::Modulo;
    } else {
      return left;
    }
    left = make_expression(BinaryNode{op, std::move(left), power()});
  }
}

ExpressionPtr Parser::power() {
  Nesting nesting(*this);
  auto left = unary(true);
  while (skip_operator("**")) {
    nesting.deeper();
    left = make_expression(BinaryNode{BinaryOperator::Power, std::move(left), unary(true)});
  }
  return left;
}

ExpressionPtr Parser::unary(bool with_filter) {
  Nesting nesting(*this);
  nesting.deeper();
  ExpressionPtr value;
  if (at_operator("-") || at_operator("+")) {
    const bool negative = take().text == "-";
    value = make_expression(SignNode{unary(false), negative});
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filter ? filters_and_tests(std::move(value)) : std::move(value);
}

ExpressionPtr Parser::primary() {
  switch (current().kind) {
    case Token::Kind::Name: return name_expression();
    case Token::Kind::String: {
      std::string text = take().text;
      while (current().kind == Token::Kind::String) text += take().text;
      return make_expression(ConstantNode{Value::string(std::move(text))});
    }
    case Token::Kind::Integer:
    case Token::Kind::Float: return number();
    case Token::Kind::Operator:
      if (skip_operator("(")) return parenthesised();
      if (skip_operator("[")) return list();
      if (skip_operator("{")) return dict();
      break;
    default: break;
  }
  fail("expected an expression");
}

ExpressionPtr Parser::name_expression() {
  const std::string name = take().text;
  if (name == "true" || name == "True") return make_expression(ConstantNode{Value::boolean(true)});
  if (name == "false" || name == "False")
    return make_expression(ConstantNode{Value::boolean(false)});
  if (name == "none" || name == "None") return make_expression(ConstantNode{Value::none()});
  if (name == "varargs") mentions_.varargs = true;
  if (name == "kwargs") mentions_.kwargs = true;
  if (name == "caller") mentions_.caller = true;
  return make_expression(NameNode{name_id(name), name});
}

ExpressionPtr Parser::number() {
  const auto token = take();
  if (token.kind == Token::Kind::Float) {
    const auto value = parse_float(token.text);
    if (!value) fail("malformed number " + token.text);
    return make_expression(ConstantNode{Value::number(*value)});
  }
  const auto value = parse_int(token.text, 0);
  if (!value) fail("the integer " + token.text + " is malformed or too large");
  return make_expression(ConstantNode{Value::integer(*value)});
}

ExpressionPtr Parser::parenthesised() {
  if (skip_operator(")")) return make_expression(TupleNode{});
  auto inner = tuple_expression();
  expect_operator(")");
  return inner;
}

ExpressionPtr Parser::list() {
  Expressions items;
  while (!at_operator("]")) {
    if (!items.empty()) expect_operator(",");
    if (at_operator("]")) break;
    items.push_back(expression());
  }
  expect_operator("]");
  return make_expression(ListNode{std::move(items)});
}

ExpressionPtr Parser::dict() {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
  while (!at_operator("}")) {
    if (!entries.empty()) expect_operator(",");
    if (at_operator("}")) break;
    auto key = expression();
    expect_operator(":");
    entries.emplace_back(std::move(key), expression());
  }
  expect_operator("}");
  return make_expression(DictNode{std::move(entries)});
}

ExpressionPtr Parser::postfix(ExpressionPtr object) {
  Nesting nesting(*this);
  for (;;) {
    nesting.deeper();
    if (at_operator(".") || at_operator("[")) {
      object = subscript(std::move(object));
    } else if (at_operator("(")) {
      object = make_expression(CallNode{std::move(object), call_arguments()});
    } else {
      return object;
    }
  }
}

ExpressionPtr Parser::filters_and_tests(ExpressionPtr object) {
  Nesting nesting(*this);
  for (;;) {
    nesting.deeper();
    if (skip_operator("|")) {
      object = filter(std::move(object));
    } else if (at_name("is")) {
      take();
      object = test(std::move(object));
    } else if (at_operator("(")) {
      object = make_expression(CallNode{std::move(object), call_arguments()});
    } else {
      return object;
    }
  }
}

ExpressionPtr Parser::subscript(ExpressionPtr object) {
  if (skip_operator(".")) {
    if (current().kind == Token::Kind::Name) {
      return make_expression(AttributeNode{std::move(object), take().text});
    }
    if (current().kind != Token::Kind::Integer) fail("expected name or number");
    return make_expression(SubscriptNode{std::move(object), number()});
  }
  expect_operator("[");
  Expressions keys;
  bool is_slice = false;
  ExpressionPtr slice;
  while (!at_operator("]")) {
    if (!keys.empty() || is_slice) expect_operator(",");
    if (is_slice) fail("a slice cannot be one of several keys");
    auto key = subscript_key(object);
    if (!key) {
      if (!keys.empty()) fail("a slice cannot be one of several keys");
      is_slice = true;
      slice = std::move(object);
    } else {
      keys.push_back(std::move(key));
    }
  }
  expect_operator("]");
  if (is_slice) return slice;
  if (keys.empty()) fail("expected subscript expression");
  auto key = keys.size() == 1 ? std::move(keys[0]) : make_expression(TupleNode{std::move(keys)});
  return make_expression(SubscriptNode{std::move(object), std::move(key)});
}

// One key; or null, and `object` has become the slice of itself.
ExpressionPtr Parser::subscript_key(ExpressionPtr& object) {
  SliceNode slice;
  if (!at_operator(":")) {
    auto key = expression();
    if (!at_operator(":")) return key;
    slice.start = std::move(key);
  }
  expect_operator(":");
  const auto at_end = [&] { return at_operator("]") || at_operator(","); };
  if (!at_operator(":") && !at_end()) slice.stop = expression();
  if (skip_operator(":") && !at_end()) slice.step = expression();
  slice.object = std::move(object);
  object = make_expression(std::move(slice));
  return nullptr;
}

std::string Parser::dotted_name() {
  std::string name = expect_name();
  while (skip_operator(".")) name += "." + expect_name();
  return name;
}

ExpressionPtr Parser::filter(ExpressionPtr object) {
  FilterNode node{std::move(object), dotted_name(), nullptr, {}};
  node.filter = find_filter(node.name);
  if (at_operator("(")) node.arguments = call_arguments();
  return make_expression(std::move(node));
}

ExpressionPtr Parser::test(ExpressionPtr object) {
  const bool negated = skip_name("not");
  TestNode node{std::move(object), dotted_name(), nullptr, {}};
  node.test = find_test(node.name);
  const auto kind = current().kind;
  if (at_operator("(")) {
    node.arguments = call_arguments();
  } else if (((kind == Token::Kind::Name && !at_name("else") && !at_name("or") &&
               !at_name("and")) ||
              kind == Token::Kind::String || kind == Token::Kind::Integer ||
              kind == Token::Kind::Float || at_operator("[") || at_operator("{"))) {
    if (at_name("is")) fail("You cannot chain multiple tests with is");
    node.arguments.positional.push_back(postfix(primary()));
  }
  auto result = make_expression(std::move(node));
  return negated ? make_expression(NotNode{std::move(result)}) : std::move(result);
}

CallArguments Parser::call_arguments() {
  Nesting nesting(*this);
  nesting.deeper();
  CallArguments arguments;
  expect_operator("(");
  bool first = true;
  while (!at_operator(")")) {
    if (!first) {
      expect_operator(",");
      if (at_operator(")")) break;
    }
    first = false;
    const bool had_named = !arguments.named.empty() || arguments.named_spread;
    if (skip_operator("*")) {
      if (arguments.spread || arguments.named_spread) fail("invalid arguments");
      arguments.spread = expression();
    } else if (skip_operator("**")) {
      if (arguments.named_spread) fail("invalid arguments");
      arguments.named_spread = expression();
    } else if (current().kind == Token::Kind::Name && peek().kind == Token::Kind::Operator &&
               peek().text == "=") {
      if (arguments.named_spread) fail("invalid arguments");
      std::string name = take().text;
      take();
      arguments.named.emplace_back(std::move(name), expression());
    } else {
      if (had_named || arguments.spread) fail("a positional argument follows named ones");
      arguments.positional.push_back(expression());
    }
  }
  expect_operator(")");
  return arguments;
}

}  // namespace inference::jinja
