# The areas of the tree: one folder, one archive, one list of sources.

# sarn_add_area(FOLDER): enter a folder if it has a CMakeLists.txt.
macro(sarn_add_area folder)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
    add_subdirectory(${folder})
  endif()
endmacro()

# sarn_add_archive(NAME [TEST_ONLY] [EMPTY] SOURCES file... [LIBS target...]
#                  [INCLUDES folder...])
#
# The archive of one area. Unless TEST_ONLY, its objects become part of libsarn, and its
# LIBS are linked to it. Every area sees include/ and domain/; INCLUDES adds folders.
# EMPTY: sources come later, from sarn_add_schema().
function(sarn_add_archive name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TEST_ONLY;EMPTY" "" "SOURCES;LIBS;INCLUDES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sarn_add_archive(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  if(NOT arg_SOURCES AND NOT arg_EMPTY)
    return() # A folder without sources yet.
  endif()
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(
    ${name} PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/domain"
                   "${SARN_GENERATED_DIR}" ${arg_INCLUDES})
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:sarn_flags>)
  target_link_libraries(${name} PUBLIC ${arg_LIBS})
  if(NOT arg_TEST_ONLY)
    set_property(GLOBAL APPEND PROPERTY SARN_ARCHIVES ${name})
  endif()
endfunction()

set(SARN_GENERATED_DIR "${CMAKE_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${SARN_GENERATED_DIR}/sarn")
