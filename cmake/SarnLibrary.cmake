# libsarn, shared and static, out of the objects of all archives.
#
# The export list is not written by hand: it is what the public headers mark SARN_API.
get_property(archives GLOBAL PROPERTY SARN_ARCHIVES)
set(sarn_objects "")
set(sarn_libs "")
foreach(archive IN LISTS archives)
  list(APPEND sarn_objects $<TARGET_OBJECTS:${archive}>)
  get_target_property(libs ${archive} LINK_LIBRARIES)
  foreach(lib IN LISTS libs)
    if(lib MATCHES "^(PkgConfig|Threads)::")
      list(APPEND sarn_libs ${lib})
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES sarn_libs)
if(NOT archives)
  return()
endif()

file(GLOB sarn_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/sarn/*.h")
get_property(sarn_generated_headers GLOBAL PROPERTY SARN_GENERATED_HEADERS)
set(SARN_EXPORTS "${CMAKE_BINARY_DIR}/sarn.exports") # One name a line.
set(sarn_map "${CMAKE_BINARY_DIR}/sarn.map")
add_custom_command(
  OUTPUT "${SARN_EXPORTS}" "${sarn_map}"
  COMMAND
    ${CMAKE_COMMAND} "-DHEADERS=${sarn_headers};${sarn_generated_headers}"
    "-DEXPORTS=${SARN_EXPORTS}" "-DMAP=${sarn_map}" -DNODE=SARN_${PROJECT_VERSION_MAJOR}
    -P "${PROJECT_SOURCE_DIR}/cmake/exports.cmake"
  DEPENDS ${sarn_headers} ${sarn_generated_headers}
          "${PROJECT_SOURCE_DIR}/cmake/exports.cmake"
  COMMENT "Export list from the public headers"
  VERBATIM)
add_custom_target(sarn_exports DEPENDS "${SARN_EXPORTS}" "${sarn_map}")
add_dependencies(sarn_exports sarn_schemas)

# A C++ runtime is behind the codec, so the linker is that of C++; users need not know.
add_library(sarn SHARED ${sarn_objects})
add_library(sarn_static STATIC ${sarn_objects})
set_target_properties(
  sarn
  PROPERTIES VERSION ${PROJECT_VERSION}
             SOVERSION ${PROJECT_VERSION_MAJOR}
             LINKER_LANGUAGE CXX
             LINK_DEPENDS "${sarn_map}")
set_target_properties(sarn_static PROPERTIES OUTPUT_NAME sarn LINKER_LANGUAGE CXX)
target_link_options(sarn PRIVATE "-Wl,--version-script,${sarn_map}")
if(NOT SARN_SANITIZE)
  target_link_options(sarn PRIVATE -Wl,-z,defs)
endif()
add_dependencies(sarn sarn_exports)
target_link_libraries(sarn PRIVATE ${sarn_libs})
target_link_libraries(sarn_static PUBLIC ${sarn_libs} stdc++)
foreach(lib IN ITEMS sarn sarn_static)
  target_include_directories(
    ${lib} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                     $<BUILD_INTERFACE:${SARN_GENERATED_DIR}>
                     $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
add_library(sarn::sarn ALIAS sarn)

# sarn_add_program(NAME SOURCES file... [LIBS target...]): a program on the installed
# headers and the shared library, which finds that library wherever both are moved.
function(sarn_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  if(NOT arg_SOURCES)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE sarn ${arg_LIBS} sarn_flags)
  set_target_properties(
    ${name} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
endfunction()
