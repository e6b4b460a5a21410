// CHECK(condition): an assertion that stays on in release builds. For bugs of ours only, never for
// what a user can cause.
#pragma once

namespace base {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define CHECK(condition)                                                                    \
  (__builtin_expect(!(condition), 0) ? ::base::check_failed(#condition, __FILE__, __LINE__) \
                                     : void())
