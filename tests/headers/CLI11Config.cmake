# The headers of CLI11 under the name of its target.
include(${CMAKE_CURRENT_LIST_DIR}/headers.cmake)
coil_link_headers(CLI folder)
if(NOT TARGET CLI11::CLI11)
  add_library(CLI11::CLI11 INTERFACE IMPORTED)
  target_include_directories(CLI11::CLI11 SYSTEM INTERFACE ${folder})
endif()
