# The headers of others that most files include, parsed once: a fifth less time to build from nothing. Not together with
# ccache, which can share what is compiled between checkouts only without them. Never a header of our own. Only in release
# builds: the others show which file forgot to include what it uses.
set(precompile OFF)
if(NOT CCACHE AND CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(precompile ON)
endif()
set(precompiled_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <condition_variable> <cstdint> <cstring> <deque> <expected>
  <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view>
  <thread> <unordered_map> <utility> <variant> <vector>
  <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/detached.hpp> <boost/asio/post.hpp>
  <boost/asio/redirect_error.hpp> <boost/asio/steady_timer.hpp> <boost/asio/thread_pool.hpp>
  <boost/asio/use_awaitable.hpp> <boost/json.hpp> <fmt/format.h>)

# Libraries are position independent code, programs position independent executables: a set for each.
function(parlance_precompiled_set name)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.cc CONTENT "// Carries the precompiled headers.\n")
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE parlance_boost fmt::fmt spdlog::spdlog PkgConfig::PROMETHEUS ICU::uc)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_precompile_headers(${name} PRIVATE ${precompiled_headers} ${ARGN})
endfunction()

function(parlance_precompile target)
  get_target_property(type ${target} TYPE)
  if(NOT precompile)
    return()
  elseif(type STREQUAL "EXECUTABLE")
    target_precompile_headers(${target} REUSE_FROM parlance_precompiled_test)
    target_compile_options(${target} PRIVATE -O1)  # tests: a fifth less time to build them
  else()
    target_precompile_headers(${target} REUSE_FROM parlance_precompiled)
  endif()
endfunction()

if(precompile)
  add_compile_options(-Wno-error=invalid-pch)  # a file with flags of its own reads the headers themselves
  parlance_precompiled_set(parlance_precompiled)
  parlance_precompiled_set(parlance_precompiled_test <gmock/gmock.h> <gtest/gtest.h>)
  target_link_libraries(parlance_precompiled_test PRIVATE GTest::gmock)
  set_target_properties(parlance_precompiled_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(parlance_precompiled_test PRIVATE -fPIE -O1)
endif()
