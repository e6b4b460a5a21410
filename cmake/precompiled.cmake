# The headers of others that most files include, parsed once: a fifth less time to build from nothing. Not together with
# ccache, which can share what is compiled between checkouts only without them. Never a header of our own. Only in release
# builds: the others show which file forgot to include what it uses.
set(precompile OFF)
if(NOT CCACHE AND CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(precompile ON)
endif()

# Files of folders that say JOIN several in one: what they all include is read once. Under the same conditions: after a
# change more is compiled than need be, and compile_commands.json names the joined files. A file with flags of its own stays
# alone.
option(PARLANCE_JOIN "compile the files of a folder several in one" ${precompile})
set(joined_files 8)
if(PARLANCE_JOIN AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ takes an included source for a header, in which a coroutine that holds something without a name would be a fault.
  # What it guesses from the flow of values depends on what stands beside: no error here; files alone are held to it.
  add_compile_options(-Wno-subobject-linkage -Wno-error=free-nonheap-object -Wno-error=use-after-free -Wno-error=nonnull
                      -Wno-error=uninitialized -Wno-error=format-overflow -Wno-error=format-truncation)
endif()

function(parlance_join target)
  if(PARLANCE_JOIN)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${joined_files})
  endif()
endfunction()

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
    # -O1: a fifth less time for tests and the benchmarks' own files. GoogleTest's, or the set does not fit.
    target_compile_options(${target} PRIVATE -O1 $<TARGET_PROPERTY:GTest::gtest,INTERFACE_COMPILE_OPTIONS>)
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

# For the programs of the current folder.
function(parlance_precompile_programs)
  get_property(targets DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      parlance_precompile(${target})
    endif()
  endforeach()
endfunction()
