# Write EXPORTS (one symbol a line, sorted) and MAP (a linker version script) from what
# HEADERS mark SARN_API. Run with cmake -P.
cmake_minimum_required(VERSION 3.25)

set(names "")
foreach(header IN LISTS HEADERS)
  if(NOT header)
    continue()
  endif()
  file(READ "${header}" text)
  string(REGEX REPLACE "#define[^\n]*SARN_API[^\n]*" "" text "${text}")
  string(REPLACE ";" "\n" text "${text}")
  string(REPLACE "[" "(" text "${text}") # An array's name ends like a function's.
  # SARN_API ... name(   or   SARN_API ... name   at the end of the declaration.
  string(REGEX MATCHALL "SARN_API[^(\n]*(\n[^(\n]*)?" declarations "${text}")
  foreach(declaration IN LISTS declarations)
    string(REGEX MATCHALL "sarn_[a-z0-9_]+|[a-z][a-z0-9_]*_(type|schema)" words
                          "${declaration}")
    list(POP_BACK words name)
    if(name)
      list(APPEND names "${name}")
    endif()
  endforeach()
endforeach()
list(SORT names)
list(REMOVE_DUPLICATES names)

string(REPLACE ";" "\n" lines "${names}")
file(WRITE "${EXPORTS}" "${lines}\n")
string(REPLACE ";" ";\n    " lines "${names}")
file(WRITE "${MAP}" "${NODE} {\n  global:\n    ${lines};\n  local:\n    *;\n};\n")
