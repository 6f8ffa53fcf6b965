# cmake --install: the headers, both libraries, the programs, sarn.pc and the CMake
# package. Everything finds everything by relative paths, so a prefix can be moved.
if(NOT TARGET sarn)
  return()
endif()
include(CMakePackageConfigHelpers)

set(sarn_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Sarn")
install(FILES ${sarn_headers} ${sarn_generated_headers}
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/sarn")

set_target_properties(sarn_static PROPERTIES EXPORT_NAME static)
install(TARGETS sarn EXPORT SarnTargets)
install(TARGETS sarn_static EXPORT SarnStaticTargets)
if(TARGET sarn-schema)
  install(TARGETS sarn-schema EXPORT SarnTargets)
endif()
if(TARGET sarn-cli)
  install(TARGETS sarn-cli)
endif()
install(EXPORT SarnTargets NAMESPACE sarn:: DESTINATION "${sarn_cmake_dir}")
install(EXPORT SarnStaticTargets NAMESPACE sarn:: DESTINATION "${sarn_cmake_dir}")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/SarnConfig.cmake.in" "${CMAKE_BINARY_DIR}/SarnConfig.cmake"
  INSTALL_DESTINATION "${sarn_cmake_dir}"
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/SarnConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(
  FILES "${CMAKE_BINARY_DIR}/SarnConfig.cmake"
        "${CMAKE_BINARY_DIR}/SarnConfigVersion.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/SarnSchema.cmake"
  DESTINATION "${sarn_cmake_dir}")

cmake_path(APPEND CMAKE_INSTALL_LIBDIR "pkgconfig" OUTPUT_VARIABLE sarn_pc_dir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY
           "${CMAKE_INSTALL_PREFIX}/${sarn_pc_dir}" OUTPUT_VARIABLE sarn_pc_up)
configure_file("${PROJECT_SOURCE_DIR}/cmake/sarn.pc.in" "${CMAKE_BINARY_DIR}/sarn.pc"
               @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/sarn.pc" DESTINATION "${sarn_pc_dir}")
