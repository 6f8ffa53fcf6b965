# The libraries Sarn stands on, each behind one folder of infra/. docs/dependencies.md says
# why each is here; scripts/lib-deps installs them on Debian.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(FLATBUFFERS REQUIRED IMPORTED_TARGET flatbuffers)
pkg_check_modules(YAJL REQUIRED IMPORTED_TARGET yajl)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
if(SARN_BUILD_TESTS)
  pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
  if(NOT CMOCKA_FOUND)
    message(STATUS "No cmocka: the tests are not built")
    set(SARN_BUILD_TESTS OFF) # Until the next configuring finds it.
  endif()
endif()

find_program(SARN_FLATC flatc REQUIRED)
mark_as_advanced(SARN_FLATC)
