# How everything is compiled: the language, the warnings, the hardening.
#
# Asserts stay on in the release build: a broken invariant must stop the program before it
# reaches the log (docs/decisions/0101-asserts-stay-on.md).
include(CheckPIESupported)
check_pie_supported()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

find_program(SARN_CCACHE ccache)
mark_as_advanced(SARN_CCACHE)
if(SARN_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${SARN_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SARN_CCACHE}")
endif()

# The warnings are for our targets only (sarn_flags), the rest for every object.
add_library(sarn_flags INTERFACE)
target_compile_options(
  sarn_flags
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wswitch-enum -Werror
            $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
            # assert(!"why") is how we say what cannot be.
            $<$<C_COMPILER_ID:Clang>:-Wno-string-conversion>)

add_compile_options(-fstack-protector-strong)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  add_compile_options(-fcf-protection)
endif()
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

if(SARN_SANITIZE)
  # Nothing found is survived: a test that goes on after a report would pass.
  add_compile_options(-fsanitize=${SARN_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -O1
                      $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_link_options(-fsanitize=${SARN_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2)
endif()
if(SARN_FUZZ)
  # libFuzzer sees which edges an input takes: in every object, not in the targets alone.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SARN_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
