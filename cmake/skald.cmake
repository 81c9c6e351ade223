# What every target of this project shares.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Without NDEBUG: a bug ends the program, in release too. -O3 buys nothing here but compile time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers need these two sloppiness settings to be cached at all.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# Warnings are private to our own targets.
function(skald_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                           -Wold-style-cast -Woverloaded-virtual)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms inside std::string and std::variant with optimisation (GCC bugs 105651, 105562).
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-stringop-overflow
                                             -Wno-array-bounds -Wno-maybe-uninitialized)
  endif()
  if(SKALD_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# One precompiled header for all: the slow ones and nothing of ours.
function(skald_precompile target)
  target_precompile_headers(${target} PRIVATE
    <nlohmann/json.hpp> <fmt/format.h> <algorithm> <chrono> <functional> <map> <memory> <mutex>
    <optional> <string> <string_view> <thread> <unordered_map> <variant> <vector>)
  target_compile_options(${target} PRIVATE -fpch-preprocess)
endfunction()

# skald_library(NAME SOURCES … HEADERS …): a static library with its public headers as a file set.
function(skald_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS" ${ARGN})
  add_library(skald_${name} STATIC ${arg_SOURCES})
  add_library(skald::${name} ALIAS skald_${name})
  set_target_properties(skald_${name} PROPERTIES EXPORT_NAME ${name})
  target_sources(skald_${name} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_include_directories(skald_${name} PRIVATE src)
  target_compile_features(skald_${name} PUBLIC cxx_std_20)
  skald_warnings(skald_${name})
  skald_precompile(skald_${name})
endfunction()
