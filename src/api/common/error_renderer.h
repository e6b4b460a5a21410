// How everything that goes wrong looks to a client: the router's hook, in the OpenAI error
// envelope.
#pragma once

#include "http/router.h"

namespace api {

http::ErrorRenderer error_renderer();

}  // namespace api
