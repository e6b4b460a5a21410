// `system_fingerprint`: what produced an answer. The same model on the same version of the program
// has the same one.
#pragma once

#include <string>
#include <string_view>

namespace api {

// `fp_` + 10 hex.
std::string fingerprint(std::string_view model);

}  // namespace api
