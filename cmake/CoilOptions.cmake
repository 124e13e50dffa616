# Declares every option of the build with one line that says what it does, and prints them.
# docs/building.md lists the same options; tests/tidy compares the two.

set(COIL_OPTION_NAMES "" CACHE INTERNAL "")

function(coil_option name default description)
  option(${name} "${description}" ${default})
  set(COIL_OPTION_NAMES ${COIL_OPTION_NAMES} ${name} CACHE INTERNAL "")
endfunction()

coil_option(COIL_BUILD_TESTS ${PROJECT_IS_TOP_LEVEL} "Build the tests.")
coil_option(COIL_BUILD_SAMPLES ${PROJECT_IS_TOP_LEVEL} "Build coil, the sample runner.")
coil_option(COIL_BUILD_BENCH OFF "Build the benchmarks and the peers they compare with.")
coil_option(COIL_INSTALL ON "Provide the install rules and the package configuration.")
coil_option(COIL_WARNINGS ${PROJECT_IS_TOP_LEVEL} "Compile coil itself with warnings as errors.")
coil_option(COIL_VERIFY_HEADERS ${PROJECT_IS_TOP_LEVEL}
  "Have a target that compiles every public header on its own.")
coil_option(COIL_CCACHE ${PROJECT_IS_TOP_LEVEL} "Compile through ccache where it is installed.")
coil_option(COIL_UNITY ON "Compile the library's sources a few at a time, as one.")
coil_option(COIL_TEST_PCH ON "Parse the headers that all tests share once.")
coil_option(COIL_COVERAGE OFF "Instrument for coverage with gcov.")

set(COIL_SANITIZE "" CACHE STRING
  "Sanitizers to build with: address;undefined or thread; empty for none.")
set(COIL_OPTION_NAMES ${COIL_OPTION_NAMES} COIL_SANITIZE CACHE INTERNAL "")

if(COIL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(COIL_CCACHE_PROGRAM ccache)
  mark_as_advanced(COIL_CCACHE_PROGRAM)
  if(COIL_CCACHE_PROGRAM)
    # What it asks for before it keeps anything that was made with precompiled headers.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros "${COIL_CCACHE_PROGRAM}")
  endif()
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "The build type." FORCE)
endif()

function(coil_print_options)
  if(NOT PROJECT_IS_TOP_LEVEL)
    return()
  endif()
  message(STATUS "coil ${PROJECT_VERSION}, ${CMAKE_CXX_COMPILER_ID} "
    "${CMAKE_CXX_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}")
  foreach(name IN LISTS COIL_OPTION_NAMES)
    get_property(description CACHE ${name} PROPERTY HELPSTRING)
    message(STATUS "  ${name}=${${name}}  ${description}")
  endforeach()
endfunction()
