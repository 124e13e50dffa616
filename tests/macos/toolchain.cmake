# A Mac as its compiler and its linker see it, on Linux: clang-19 compiles with the headers of
# macOS, and the linker of zig links. Nothing is run.
#
# COIL_ZIG names the folder of the npm package that holds both; COIL_ABSEIL names the folder that
# tests/abseil was built in, for what links it.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR arm64)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES COIL_ZIG COIL_ABSEIL)

set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_COMPILER_TARGET arm64-apple-macos13)
set(CMAKE_CXX_COMPILER_WORKS ON)
set(CMAKE_INSTALL_LIBDIR lib)  # What CMake would ask a linker for.
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "")
foreach(tool IN ITEMS AR RANLIB INSTALL_NAME_TOOL)
  set(CMAKE_${tool} /bin/true)
endforeach()
set(CoreFoundation "" CACHE STRING "What Abseil would link; stand_ins has it.")
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/stand_ins/CoreFoundation)
file(CREATE_LINK ${CMAKE_CURRENT_LIST_DIR}/stand_ins/core_foundation.h
  ${CMAKE_BINARY_DIR}/stand_ins/CoreFoundation/CFTimeZone.h SYMBOLIC)
# What the package's own libc++ is configured with goes without saying only for its own compiler.
string(JOIN " " CMAKE_CXX_FLAGS_INIT
  -nostdinc++ -nostdlibinc
  -isystem ${COIL_ZIG}/lib/libcxx/include
  -isystem ${COIL_ZIG}/lib/libcxxabi/include
  -isystem ${COIL_ZIG}/lib/libc/include/any-macos-any
  -isystem ${CMAKE_BINARY_DIR}/stand_ins -DkCFStringEncodingUTF8=0x08000100
  -D_LIBCPP_ABI_VERSION=1 -D_LIBCPP_ABI_NAMESPACE=__1
  -D_LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS -D_LIBCPP_PSTL_CPU_BACKEND_SERIAL)

set(CMAKE_CXX_CREATE_STATIC_LIBRARY
  "<CMAKE_COMMAND> -E rm -f <TARGET>" "${COIL_ZIG}/zig ar qc <TARGET> <OBJECTS>")
string(REPLACE "<CMAKE_COMMAND>" "${CMAKE_COMMAND}" CMAKE_CXX_CREATE_STATIC_LIBRARY
  "${CMAKE_CXX_CREATE_STATIC_LIBRARY}")
set(CMAKE_CXX_LINK_EXECUTABLE
  "${COIL_ZIG}/zig c++ -target aarch64-macos <OBJECTS> <LINK_LIBRARIES> -o <TARGET>")

# Debian's packages of headers, each seen through a folder that holds nothing else.
set(CMAKE_FIND_ROOT_PATH
  ${CMAKE_CURRENT_LIST_DIR}/stand_ins ${CMAKE_CURRENT_LIST_DIR}/../headers)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_PACKAGE_PREFER_CONFIG ON)
set(absl_DIR ${COIL_ABSEIL})
set(OpenSSL_DIR ${CMAKE_CURRENT_LIST_DIR}/stand_ins)
foreach(package IN ITEMS CLI11 doctest)
  set(${package}_DIR ${CMAKE_CURRENT_LIST_DIR}/../headers)
endforeach()
