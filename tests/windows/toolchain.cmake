# Windows as Debian's mingw-w64 compiles it and wine runs it.
#
# COIL_ABSEIL names the folder that tests/abseil was built in, for what links it.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES COIL_ABSEIL)

# The variant whose std::thread and std::mutex work: the other lacks them. Or clang, told where to
# aim, with that one's libraries.
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
endif()
set(CMAKE_CXX_COMPILER_TARGET x86_64-w64-mingw32)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
# No program carries a DLL along.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_CROSSCOMPILING_EMULATOR wine)

# Debian's packages of headers, each seen through a folder that holds nothing else.
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_PACKAGE_PREFER_CONFIG ON)
set(absl_DIR ${COIL_ABSEIL})
foreach(package IN ITEMS CLI11 doctest)
  set(${package}_DIR ${CMAKE_CURRENT_LIST_DIR}/../headers)
endforeach()
