#include "api/items/outside.h"

#include <fmt/format.h>

namespace api::items {
namespace {

Status open_sealed(const OutsideReaders& readers, const base::ProjectId& project, const Item& item,
                   Outside& out) {
  const std::string sealed(json::string_or(item, "encrypted_content"));
  if (sealed.empty() || !readers.sealer) return {};
  auto text = readers.sealer->open(project, sealed, id_of(item));
  if (!text) return fail(text.error());
  out.opened[sealed] = std::move(*text);
  return {};
}

}  // namespace

base::awaitable<Result<Outside>> read_outside(OutsideReaders readers, base::ProjectId project,
                                              std::span<const Item> items,
                                              std::size_t n_inherited) {
  Outside out;
  for (const Item& item : items) {
    if (auto status = open_sealed(readers, project, item, out); !status)
      co_return fail(status.error());
  }
  for (const OutsidePart& part : outside_parts(items, n_inherited)) {
    if (!readers.parts) {
      co_return fail(ErrorCode::Unsupported,
                     fmt::format("Content of type '{}' that is stored elsewhere is not served here "
                                 "yet. Put it into the message.",
                                 json::string_or(*part.part, "type")),
                     part.path, "unsupported_value");
    }
    auto read = co_await readers.parts->read(project, *part.part, part.path);
    if (!read) co_return fail(read.error());
    out.parts[part.part] = std::move(*read);
  }
  co_return out;
}

}  // namespace api::items
