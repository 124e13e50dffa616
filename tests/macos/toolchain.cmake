# A Mac as its compiler sees it, on Linux: clang-19 with the headers of macOS. Nothing is linked,
# and an object file is only a mark that the source file passed -fsyntax-only.
#
# COIL_MACOS_HEADERS names the lib/ folder of the npm package that holds the headers.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR arm64)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES COIL_MACOS_HEADERS)

set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_COMPILER_TARGET arm64-apple-macos13)
set(CMAKE_CXX_COMPILER_WORKS ON)
set(CMAKE_INSTALL_LIBDIR lib)  # What CMake would ask a linker for.
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "")
foreach(tool IN ITEMS AR RANLIB INSTALL_NAME_TOOL)
  set(CMAKE_${tool} /bin/true)
endforeach()
string(JOIN " " CMAKE_CXX_FLAGS_INIT
  -nostdinc++ -nostdlibinc
  -isystem ${COIL_MACOS_HEADERS}/libcxx/include
  -isystem ${COIL_MACOS_HEADERS}/libcxxabi/include
  -isystem ${COIL_MACOS_HEADERS}/libc/include/any-macos-any
  -D_LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS -D_LIBCPP_PSTL_CPU_BACKEND_SERIAL)

set(mark "<CMAKE_COMMAND> -E touch")
string(REPLACE "<CMAKE_COMMAND>" "${CMAKE_COMMAND}" mark "${mark}")
set(CMAKE_CXX_COMPILE_OBJECT
  "<CMAKE_CXX_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -fsyntax-only <SOURCE>" "${mark} <OBJECT>")
set(CMAKE_CXX_CREATE_STATIC_LIBRARY "${mark} <TARGET>")
set(CMAKE_CXX_LINK_EXECUTABLE "${mark} <TARGET>")

# Debian's packages of headers, each seen through a folder that holds nothing else.
set(CMAKE_FIND_ROOT_PATH ${CMAKE_CURRENT_LIST_DIR}/packages ${CMAKE_CURRENT_LIST_DIR}/../headers)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_PACKAGE_PREFER_CONFIG ON)
foreach(package IN ITEMS absl OpenSSL)
  set(${package}_DIR ${CMAKE_CURRENT_LIST_DIR}/packages)
endforeach()
foreach(package IN ITEMS CLI11 doctest)
  set(${package}_DIR ${CMAKE_CURRENT_LIST_DIR}/../headers)
endforeach()
