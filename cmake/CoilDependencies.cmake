# Finds what coil needs, and names the Debian package of what is absent.

# coil_require(package debian_package purpose [arguments of find_package…])
macro(coil_require package debian_package purpose)
  find_package(${package} QUIET ${ARGN})
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR
      "coil needs ${package} for ${purpose}: install ${debian_package} "
      "(on Debian and Ubuntu: apt install ${debian_package}).")
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
coil_require(absl libabsl-dev "its public interface" CONFIG)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  coil_require(liburing liburing-dev "the io_uring reactor")
endif()
if(COIL_BUILD_TESTS)
  coil_require(doctest doctest-dev "its tests" CONFIG)
endif()
if(COIL_BUILD_SAMPLES)
  coil_require(CLI11 libcli11-dev "the sample runner" CONFIG)
  if(NOT WIN32)
    coil_require(OpenSSL libssl-dev "the sample that hashes files" COMPONENTS Crypto)
  endif()
endif()
