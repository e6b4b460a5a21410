// What a process gives up before it reads a file that a stranger made.
#pragma once

#include "base/error.h"

namespace documents {

// Limits this process's time and memory, and leaves it no system call but those for memory, for the
// files it has open, and for ending. It cannot be undone. Everything that is loaded on demand must
// have been loaded before. One thread, the only one.
Status enter_sandbox();

}  // namespace documents
