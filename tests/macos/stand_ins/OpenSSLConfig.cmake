# The headers of OpenSSL under the name of its target; Debian keeps some apart for each machine.
include(${CMAKE_CURRENT_LIST_DIR}/../../headers/headers.cmake)
coil_link_headers(openssl folder)
file(GLOB own_headers /usr/include/*-linux-gnu/openssl)
foreach(own IN LISTS own_headers)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/headers/machine)
  file(CREATE_LINK ${own} ${CMAKE_BINARY_DIR}/headers/machine/openssl SYMBOLIC)
endforeach()
if(NOT TARGET OpenSSL::Crypto)
  add_library(coil_stand_ins STATIC ${CMAKE_CURRENT_LIST_DIR}/stand_ins.cpp)
  target_include_directories(coil_stand_ins SYSTEM PUBLIC
    ${folder} ${CMAKE_BINARY_DIR}/headers/machine)
  add_library(OpenSSL::Crypto ALIAS coil_stand_ins)
endif()
