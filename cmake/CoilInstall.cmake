# Installs the package configuration, so that find_package(coil) works from the prefix.
include(CMakePackageConfigHelpers)

set(coil_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/coil)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/coilConfig.cmake.in
  ${PROJECT_BINARY_DIR}/coilConfig.cmake INSTALL_DESTINATION ${coil_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/coilConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/coilConfig.cmake
  ${PROJECT_BINARY_DIR}/coilConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findliburing.cmake
  DESTINATION ${coil_package_dir})
install(EXPORT coilTargets NAMESPACE coil:: DESTINATION ${coil_package_dir})
