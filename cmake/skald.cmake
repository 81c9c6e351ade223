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
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor
                                           -Wold-style-cast -Woverloaded-virtual)
  # Where sources are compiled as one, a name may be that of a constant in another file.
  if(NOT SKALD_UNITY)
    target_compile_options(${target} PRIVATE -Wshadow)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wshadow=local)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False alarms inside std::string, std::variant and std::optional with optimisation (GCC bugs
    # 105651, 105562), in 12 as in 14.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict
                                             -Wno-stringop-overflow -Wno-array-bounds)
  endif()
  if(SKALD_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

set(skald_slow_headers
  <nlohmann/json.hpp> <fmt/format.h> <algorithm> <chrono> <functional> <map> <memory> <mutex>
  <optional> <string> <string_view> <thread> <unordered_map> <variant> <vector>)

# ccache can tell what went into a precompiled header only so.
function(skald_tell_ccache target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  else()
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# GCC bounds what it inlines by the size of the whole source. With the usual bounds, libraries that
# are compiled as one took 5 to 10 % more instructions for a transition; with these as many as
# before. A precompiled header carries its own bounds along, so it needs them, too.
function(skald_inline_freely target)
  get_target_property(type ${target} TYPE)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT type STREQUAL "EXECUTABLE")
    target_compile_options(${target} PRIVATE
      "SHELL:--param large-unit-insns=1000000" "SHELL:--param inline-unit-growth=200")
  endif()
endfunction()

# The owner of a precompiled header: the slow headers and nothing of ours. Position-independent code
# differs between libraries and programs, so each kind has one.
function(skald_precompiled_header owner type)
  set(source ${PROJECT_BINARY_DIR}/precompiled/${owner}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "int main() { return 0; }\n")
  if(type STREQUAL "EXECUTABLE")
    add_executable(${owner} EXCLUDE_FROM_ALL ${source})
  else()
    add_library(${owner} STATIC EXCLUDE_FROM_ALL ${source})
  endif()
  target_link_libraries(${owner} PRIVATE nlohmann_json::nlohmann_json fmt::fmt)
  skald_warnings(${owner})  # -Wpedantic defines macros.
  skald_tell_ccache(${owner})
  if(SKALD_UNITY)
    skald_inline_freely(${owner})
  endif()
  target_precompile_headers(${owner} PRIVATE ${skald_slow_headers})
endfunction()

# skald_precompile(TARGET [APART] [WITH HEADER]): what makes a whole build fast. The target shares the
# precompiled header, or has one of its own WITH one more in it. And several of its sources are
# compiled as one, since each alone takes longer to read the same headers and to make the same
# templates than to compile what is its own. So names in unnamed namespaces are unique in a target,
# unless it says APART.
function(skald_precompile target)
  cmake_parse_arguments(arg "APART" "WITH" "" ${ARGN})
  get_target_property(type ${target} TYPE)
  get_directory_property(options COMPILE_OPTIONS)
  string(MAKE_C_IDENTIFIER "skald_precompiled_${type}${options}" owner)
  if(NOT arg_WITH AND NOT TARGET ${owner})
    skald_precompiled_header(${owner} ${type})
  endif()
  # Its macros must be those that the header was made with.
  target_link_libraries(${target} PRIVATE fmt::fmt)
  skald_tell_ccache(${target})
  if(arg_WITH)
    target_precompile_headers(${target} PRIVATE ${skald_slow_headers} ${arg_WITH})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
  if(SKALD_UNITY AND NOT arg_APART)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    skald_inline_freely(${target})
  endif()
endfunction()

# skald_library(NAME [ROOMS …] SOURCES … HEADERS …): a static library with its public headers as a
# file set. Private headers are included from its ROOMS, by default `src`.
function(skald_library name)
  cmake_parse_arguments(arg "" "" "ROOMS;SOURCES;HEADERS" ${ARGN})
  add_library(skald_${name} STATIC ${arg_SOURCES})
  add_library(skald::${name} ALIAS skald_${name})
  set_target_properties(skald_${name} PROPERTIES EXPORT_NAME ${name})
  target_sources(skald_${name} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  if(NOT arg_ROOMS)
    set(arg_ROOMS src)
  endif()
  target_include_directories(skald_${name} PRIVATE ${arg_ROOMS})
  target_compile_features(skald_${name} PUBLIC cxx_std_20)
  skald_warnings(skald_${name})
  skald_precompile(skald_${name})
endfunction()
