#include "inference/jinja/value.h"

#include <algorithm>
#include <limits>

#include "base/limits/chat_template.h"
#include "inference/jinja/callable.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

// Per thread, because a render stays on one and values are made in many places that know nothing of
// renders.
struct Meter {
  std::int64_t live_bytes = 0;
  std::int64_t live_bytes_max = std::numeric_limits<std::int64_t>::max();
  std::int64_t work_bytes = 0;
  std::int64_t work_bytes_max = std::numeric_limits<std::int64_t>::max();
};
thread_local Meter meter;

constexpr std::size_t indexed_entries_min = 12;  // below, a linear search is as fast

std::size_t depth_above(const Items& values) {
  std::size_t deepest = 0;
  for (const auto& value : values) deepest = std::max(deepest, value.depth());
  if (deepest >= limits::template_value_depth_max) {
    throw Failure{ErrorCode::ResourceExhausted, "the template nests values too deeply"};
  }
  return deepest + 1;
}

std::size_t depth_of(const Entries& entries) {
  std::size_t deepest = 0;
  for (const auto& [key, value] : entries)
    deepest = std::max({deepest, key.depth(), value.depth()});
  if (deepest >= limits::template_value_depth_max) {
    throw Failure{ErrorCode::ResourceExhausted, "the template nests values too deeply"};
  }
  return deepest + 1;
}

std::unordered_map<std::string_view, std::size_t> index_of(const Entries& entries) {
  std::unordered_map<std::string_view, std::size_t> index;
  if (entries.size() < indexed_entries_min) return index;
  index.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].first.is_string()) index.emplace(entries[i].first.as_string(), i);
  }
  return index;
}

}  // namespace

void raise(std::string message) {
  throw Failure{ErrorCode::InvalidRequest, std::move(message)};
}

Charge::Charge(std::size_t bytes) : bytes_(static_cast<std::int64_t>(bytes)) {
  if (meter.live_bytes + bytes_ > meter.live_bytes_max) {
    throw Failure{ErrorCode::ResourceExhausted, "the template needs too much memory"};
  }
  work(bytes);
  meter.live_bytes += bytes_;
}

Charge::~Charge() {
  meter.live_bytes -= bytes_;
}

void Charge::work(std::size_t bytes) {
  meter.work_bytes += static_cast<std::int64_t>(bytes);
  if (meter.work_bytes > meter.work_bytes_max) {
    throw Failure{ErrorCode::ResourceExhausted, "the template takes too long"};
  }
}

MeteredRender::MeteredRender(std::size_t live_bytes_max, std::size_t work_bytes_max) {
  meter.live_bytes_max = meter.live_bytes + static_cast<std::int64_t>(live_bytes_max);
  meter.work_bytes_max = meter.work_bytes + static_cast<std::int64_t>(work_bytes_max);
}

MeteredRender::~MeteredRender() {
  meter.live_bytes_max = std::numeric_limits<std::int64_t>::max();
  meter.work_bytes_max = std::numeric_limits<std::int64_t>::max();
}

void check_size(std::int64_t bytes) {
  if (bytes > static_cast<std::int64_t>(limits::template_output_bytes_max)) {
    throw Failure{ErrorCode::ResourceExhausted, "the template makes a text that is too long"};
  }
}

Text::Text(std::string text_in, bool markup)
    : text(std::move(text_in)), is_markup(markup), charge(sizeof(Text) + text.capacity()) {}

Sequence::Sequence(Items items_in, const char* name_in)
    : items(std::move(items_in)),
      name(name_in),
      depth(depth_above(items)),
      charge(sizeof(Sequence) + items.capacity() * sizeof(Value)) {}

Dict::Dict(Entries entries_in)
    : entries(std::move(entries_in)),
      depth(depth_of(entries)),
      index_(index_of(entries)),
      charge_(sizeof(Dict) + entries.capacity() * sizeof(Entries::value_type)) {}

const Value* Dict::find(std::string_view key) const {
  if (!index_.empty()) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &entries[found->second].second;
  }
  for (const auto& [name, value] : entries) {
    if (name.is_string() && name.as_string() == key) return &value;
  }
  return nullptr;
}

const Value* Dict::find(const Value& key) const {
  if (key.is_string()) return find(key.as_string());
  for (const auto& [name, value] : entries) {
    if (equal(name, key)) return &value;
  }
  return nullptr;
}

void Dict::set(std::string_view key, Value value) {
  for (auto& [name, old] : entries) {
    if (name.as_string() == key) {
      old = std::move(value);
      return;
    }
  }
  entries.emplace_back(Value::string(std::string(key)), std::move(value));
}

std::int64_t Range::size() const {
  if (step > 0) return start < stop ? (stop - start - 1) / step + 1 : 0;
  return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

Value Value::undefined(const std::string* name, bool is_attribute) {
  Value value;
  value.scalar_.name = name;
  value.is_attribute_ = is_attribute;
  return value;
}

Value Value::none() {
  Value value;
  value.kind_ = Kind::None;
  return value;
}

Value Value::boolean(bool boolean) {
  Value value;
  value.kind_ = Kind::Bool;
  value.scalar_.boolean = boolean;
  return value;
}

Value Value::integer(std::int64_t integer) {
  Value value;
  value.kind_ = Kind::Int;
  value.scalar_.integer = integer;
  return value;
}

Value Value::number(double number) {
  Value value;
  value.kind_ = Kind::Float;
  value.scalar_.number = number;
  return value;
}

Value Value::string(std::string text, bool is_markup) {
  Value value;
  value.kind_ = Kind::String;
  value.object_ = std::make_shared<Text>(std::move(text), is_markup);
  return value;
}

Value Value::list(Items items) {
  Value value;
  value.object_ = std::make_shared<Sequence>(std::move(items), nullptr);
  value.kind_ = Kind::List;
  return value;
}

Value Value::tuple(Items items) {
  Value value = list(std::move(items));
  value.kind_ = Kind::Tuple;
  return value;
}

Value Value::iterator(Items items) {
  Value value = list(std::move(items));
  value.kind_ = Kind::Iterator;
  return value;
}

Value Value::view(Items items, const char* name) {
  Value value;
  value.object_ = std::make_shared<Sequence>(std::move(items), name);
  value.kind_ = Kind::View;
  return value;
}

Value Value::group(Value grouper, Value list) {
  Value value = view({std::move(grouper), std::move(list)}, "group");
  value.kind_ = Kind::Tuple;
  return value;
}

Value Value::dict(Entries entries) {
  Entries unique;
  unique.reserve(entries.size());
  std::unordered_map<std::string_view, std::size_t> seen;
  for (auto& [key, member] : entries) {
    std::size_t at = unique.size();
    if (key.is_string()) {
      at = seen.emplace(key.as_string(), at).first->second;
    } else {
      for (std::size_t i = 0; i < unique.size(); ++i) {
        if (equal(unique[i].first, key)) at = i;
      }
    }
    if (at < unique.size()) {
      unique[at].second = std::move(member);
    } else {
      unique.emplace_back(std::move(key), std::move(member));
    }
  }
  Value value;
  value.object_ = std::make_shared<Dict>(std::move(unique));
  value.kind_ = Kind::Dict;
  return value;
}

Value Value::range(std::int64_t start, std::int64_t stop, std::int64_t step) {
  Value value;
  value.kind_ = Kind::Range;
  value.object_ = std::make_shared<Range>(start, stop, step);
  return value;
}

Value Value::callable(std::shared_ptr<Callable> callable) {
  Value value;
  value.kind_ = Kind::Callable;
  value.object_ = std::move(callable);
  return value;
}

Value Value::name_space(std::shared_ptr<Dict> members) {
  Value value;
  value.kind_ = Kind::Namespace;
  value.object_ = std::move(members);
  return value;
}

Value Value::from_json(const json::Value& from) {
  switch (from.kind()) {
    case boost::json::kind::null: return none();
    case boost::json::kind::bool_: return boolean(from.get_bool());
    case boost::json::kind::int64: return integer(from.get_int64());
    case boost::json::kind::uint64: return number(static_cast<double>(from.get_uint64()));
    case boost::json::kind::double_: return number(from.get_double());
    case boost::json::kind::string: return string(std::string(from.get_string()));
    case boost::json::kind::array: {
      Items items;
      items.reserve(from.get_array().size());
      for (const auto& element : from.get_array()) items.push_back(from_json(element));
      return list(std::move(items));
    }
    case boost::json::kind::object: break;
  }
  Entries entries;
  entries.reserve(from.get_object().size());
  for (const auto& [key, member] : from.get_object()) {
    entries.emplace_back(string(std::string(key)), from_json(member));
  }
  Value value;  // JSON objects have unique keys already
  value.object_ = std::make_shared<Dict>(std::move(entries));
  value.kind_ = Kind::Dict;
  return value;
}

bool Value::is_markup() const {
  return is_string() && static_cast<const Text*>(object_.get())->is_markup;
}
const std::string& Value::as_string() const {
  return static_cast<const Text*>(object_.get())->text;
}
const Sequence& Value::as_sequence() const {
  return *static_cast<const Sequence*>(object_.get());
}
const Dict& Value::as_dict() const {
  return *static_cast<const Dict*>(object_.get());
}
Dict& Value::as_namespace() const {
  return *static_cast<Dict*>(object_.get());
}
const Range& Value::as_range() const {
  return *static_cast<const Range*>(object_.get());
}
Callable& Value::as_callable() const {
  return *static_cast<Callable*>(object_.get());
}

void Value::raise_undefined() const {
  if (!scalar_.name) raise("an undefined value was used");
  if (is_attribute_) raise("object has no attribute '" + *scalar_.name + "'");
  raise("'" + *scalar_.name + "' is undefined");
}

std::size_t Value::depth() const {
  switch (kind_) {
    case Kind::List:
    case Kind::Tuple:
    case Kind::View:
    case Kind::Iterator: return as_sequence().depth;
    case Kind::Dict: return as_dict().depth;
    case Kind::Callable: return as_callable().depth;
    default: return 0;
  }
}

bool Value::same_object(const Value& other) const {
  if (kind_ != other.kind_) return false;
  if (object_ || other.object_) return object_ == other.object_;
  return kind_ == Kind::Float  ? scalar_.number == other.scalar_.number
         : kind_ == Kind::Bool ? scalar_.boolean == other.scalar_.boolean
         : kind_ == Kind::Int  ? scalar_.integer == other.scalar_.integer
                               : true;
}

Iteration::Iteration(const Value& value) : keep_(value) {
  switch (value.kind()) {
    case Kind::Undefined: break;
    case Kind::List:
    case Kind::Tuple:
    case Kind::View: items_ = value.as_sequence().items; break;
    case Kind::Iterator: {
      const auto& sequence = value.as_sequence();
      items_ = std::span(sequence.items).subspan(sequence.position);
      sequence.position = sequence.items.size();
      break;
    }
    case Kind::Dict:
      for (const auto& [key, member] : value.as_dict().entries) owned_.push_back(key);
      items_ = owned_;
      break;
    case Kind::String:
      for (const auto character : characters(value.as_string())) {
        owned_.push_back(Value::string(std::string(character), value.is_markup()));
      }
      items_ = owned_;
      break;
    case Kind::Range: {
      const auto& range = value.as_range();
      const auto size = range.size();
      owned_.reserve(static_cast<std::size_t>(size));
      for (std::int64_t i = 0; i < size; ++i) {
        owned_.push_back(Value::integer(range.start + i * range.step));
      }
      items_ = owned_;
      break;
    }
    default: raise("'" + std::string(type_name(value)) + "' object is not iterable");
  }
}

}  // namespace inference::jinja
