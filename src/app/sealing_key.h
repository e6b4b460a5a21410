// The key under which the server seals what clients keep for it: 32 random bytes in the data
// directory, made at the first start. Losing it only makes sealed texts unreadable.
#pragma once

#include <string>

#include "api/items/sealed.h"
#include "base/error.h"
#include "base/random.h"

namespace app {

// Reads the file, or makes it: readable by its owner only, durable before it is used. CorruptData
// for a file of another size.
Result<api::items::SealingKey> load_sealing_key(const std::string& path, base::Random& random);

}  // namespace app
