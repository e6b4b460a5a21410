// Who makes a request, as established from the key. Attached to the request by the authenticator;
// handlers read it with `request.get<gateway::Caller>()`.
#pragma once

#include <string>

#include "base/ids.h"
#include "inference/backend.h"

namespace gateway {

struct Caller {
  base::OrganizationId organization;
  base::ProjectId project;
  base::KeyId key;
  bool admin = false;  // may use /v1/organization
  // Background for work that nobody waits for, such as the lines of a batch.
  inference::Priority priority = inference::Priority::Interactive;
};

}  // namespace gateway
