// The number of a token in a vocabulary.
#pragma once

#include <cstdint>

namespace engine {
using TokenId = std::int32_t;
}
