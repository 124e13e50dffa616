# The headers of doctest under the name of its target.
include(${CMAKE_CURRENT_LIST_DIR}/headers.cmake)
coil_link_headers(doctest folder)
if(NOT TARGET doctest::doctest)
  add_library(doctest::doctest INTERFACE IMPORTED)
  target_include_directories(doctest::doctest SYSTEM INTERFACE ${folder})
endif()
