# Tests under CTest, with the suite (unit, contract, integration, ...) as their label:
# ctest -L unit.

# sarn_add_test(NAME SOURCES file... [LABELS label...] [LIBS target...] [TIMEOUT seconds])
#
# One cmocka program. LIBS: by default all archives, the test doubles of infra/memory and
# tests/support.
function(sarn_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LABELS;LIBS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "sarn_add_test(${name}): needs SOURCES; ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(NOT arg_LIBS)
    set(arg_LIBS sarn_test_all)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA sarn_flags)
  set_target_properties(
    ${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(
    ${name}
    PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
               ENVIRONMENT "CMOCKA_MESSAGE_OUTPUT=STDOUT;UBSAN_OPTIONS=print_stacktrace=1")
endfunction()

# sarn_add_test_suite(LABEL [LIBS target...] [TIMEOUT seconds]): every test_*.c of this
# folder is a test program of that name.
function(sarn_add_test_suite label)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LIBS")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/test_*.c")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    sarn_add_test(
      ${name}
      SOURCES "${source}"
      LABELS ${label}
      LIBS ${arg_LIBS}
      TIMEOUT ${arg_TIMEOUT})
  endforeach()
endfunction()

# sarn_add_script_test(NAME SCRIPT [ARGS word...] [LABELS label...] [TIMEOUT seconds]): a
# shell script that exits with 0 when all is well. It finds SARN_SOURCE_DIR and
# SARN_BUILD_DIR in its environment.
function(sarn_add_script_test name script)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "ARGS;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  cmake_path(ABSOLUTE_PATH script)
  add_test(NAME ${name} COMMAND "${script}" ${arg_ARGS})
  set_tests_properties(
    ${name}
    PROPERTIES
      LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
      ENVIRONMENT
      "SARN_SOURCE_DIR=${PROJECT_SOURCE_DIR};SARN_BUILD_DIR=${CMAKE_BINARY_DIR};SARN_SANITIZE=${SARN_SANITIZE};CC=${CMAKE_C_COMPILER};CXX=${CMAKE_CXX_COMPILER}")
endfunction()
