# sarn_add_schema(TARGET FILE.fbs [NAME name] [HEADER path.h] [DEPENDS file...])
#
# Turn FILE.fbs into plain C structs and descriptors, and compile them into TARGET:
# NAME_schema.h (on TARGET's include path) and NAME_schema.c. NAME is the file's name
# without .fbs. HEADER puts the pair elsewhere under the generated folder. DEPENDS lists
# files that FILE.fbs includes.
#
# In Sarn's own tree and, installed, in an embedder's: find_package(Sarn) brings it along.
function(sarn_add_schema target fbs)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME;HEADER;OUT" "DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sarn_add_schema(${target}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  cmake_path(ABSOLUTE_PATH fbs NORMALIZE)
  cmake_path(GET fbs STEM stem)
  cmake_path(GET fbs PARENT_PATH fbs_dir)
  if(NOT arg_NAME)
    set(arg_NAME "${stem}")
  endif()
  if(NOT arg_OUT)
    set(arg_OUT "${CMAKE_CURRENT_BINARY_DIR}/generated")
  endif()
  if(NOT arg_HEADER)
    set(arg_HEADER "${arg_NAME}_schema.h")
  endif()
  if(NOT SARN_FLATC)
    find_program(SARN_FLATC flatc REQUIRED)
  endif()
  if(TARGET sarn-schema)
    set(tool sarn-schema)
  else()
    set(tool sarn::sarn-schema)
  endif()
  cmake_path(REPLACE_EXTENSION arg_HEADER LAST_ONLY .c OUTPUT_VARIABLE source)
  set(bfbs_dir "${arg_OUT}/bfbs/${arg_NAME}")
  set(bfbs "${bfbs_dir}/${stem}.bfbs")
  set(header "${arg_OUT}/${arg_HEADER}")
  set(source "${arg_OUT}/${source}")
  file(MAKE_DIRECTORY "${bfbs_dir}")
  add_custom_command(
    OUTPUT "${bfbs}"
    # Where things are declared, relative to the folder of the .fbs: what an included file
    # declares is its own schema's to define.
    COMMAND "${SARN_FLATC}" --binary --schema --bfbs-filenames "${fbs_dir}" -o
            "${bfbs_dir}" "${fbs}"
    DEPENDS "${fbs}" ${arg_DEPENDS}
    COMMENT "flatc ${stem}.fbs"
    VERBATIM)
  add_custom_command(
    OUTPUT "${header}" "${source}"
    COMMAND ${tool} "${bfbs}" --name "${arg_NAME}" --out "${arg_OUT}" --header
            "${arg_HEADER}"
    DEPENDS "${bfbs}" ${tool}
    COMMENT "sarn-schema ${stem}.bfbs"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}" "${header}")
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${arg_OUT}>)
endfunction()
