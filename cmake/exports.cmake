# Write EXPORTS (one symbol a line, sorted) and MAP (a linker version script) from what
# HEADERS mark SARN_API. Run with cmake -P.
cmake_minimum_required(VERSION 3.25)

set(names "")
foreach(header IN LISTS HEADERS)
  file(READ "${header}" text)
  string(REGEX REPLACE "[][]" "(" text "${text}") # CMake lists trip over brackets.
  string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" "" text "${text}")
  string(REGEX REPLACE "#[^\n\\]*(\\\\\n[^\n\\]*)*" "" text "${text}")
  string(REGEX REPLACE "[ \t\n]+" " " text "${text}")
  foreach(declaration IN LISTS text) # The semicolons make it a list.
    if(declaration MATCHES "SARN_API ([^(]*)")
      string(REGEX MATCHALL "[A-Za-z_][A-Za-z0-9_]*" words "${CMAKE_MATCH_1}")
      list(POP_BACK words name)
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
