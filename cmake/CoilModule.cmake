# coil_add_module(): one module of the library: headers, warnings, header verification, install.

# Which of a module's sources that are not portable are compiled: those named so.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(COIL_PLATFORM linux)
elseif(APPLE)
  set(COIL_PLATFORM macos)
elseif(CMAKE_SYSTEM_NAME MATCHES "BSD$|^DragonFly$")
  set(COIL_PLATFORM bsd)
elseif(WIN32)
  set(COIL_PLATFORM windows)
else()
  message(FATAL_ERROR "coil has no reactor for ${CMAKE_SYSTEM_NAME}.")
endif()
# What a test has a half for: all that is not Windows is much the same to it.
set(COIL_SYSTEM posix)
if(COIL_PLATFORM STREQUAL "windows")
  set(COIL_SYSTEM windows)
endif()

# What every target of this project compiles with, public or not.
function(coil_set_language target)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
endfunction()

# coil_add_module(<name> SOURCES… HEADERS… [PRIVATE_HEADERS…] [DEPENDS…] [PRIVATE_DEPENDS…])
#
# Makes the library coil_<name> with the alias coil::<name>. HEADERS are paths below include/ of the
# module and are installed; PRIVATE_HEADERS are listed so that a build file names every file.
# DEPENDS are public, PRIVATE_DEPENDS are linked but never seen by a user's compiler.
function(coil_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" ""
    "SOURCES;HEADERS;PRIVATE_HEADERS;DEPENDS;PRIVATE_DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "coil_add_module(${name}): unknown '${arg_UNPARSED_ARGUMENTS}'.")
  endif()
  set(target coil_${name})

  add_library(${target})
  add_library(coil::${name} ALIAS ${target})
  target_sources(${target} PRIVATE ${arg_SOURCES} ${arg_PRIVATE_HEADERS})
  target_sources(${target} PUBLIC
    FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_include_directories(${target} PRIVATE src)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
  coil_set_language(${target})
  coil_enable_warnings(${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    LINKER_LANGUAGE CXX
    POSITION_INDEPENDENT_CODE ON
    UNITY_BUILD ${COIL_UNITY}
    UNITY_BUILD_BATCH_SIZE 10
    VERIFY_INTERFACE_HEADER_SETS ${COIL_VERIFY_HEADERS})

  # Symmetric transfer is a tail call only with this option when gcc does not optimize; users'
  # coroutines need it as much as ours, hence public.
  target_compile_options(${target} PUBLIC
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-foptimize-sibling-calls>)
  # Nobody replaces our functions one by one: position-independent code may inline them, too. And
  # who reads one of two words right after both were stored as a vector waits for that.
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-semantic-interposition;-fno-tree-slp-vectorize>")
  # What gcc warns of, a class of which each source would have a version of its own, it sees where
  # sources are compiled as one, since none of them is then the one that it was told to compile.
  if(COIL_UNITY)
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
  endif()
  target_compile_definitions(${target} PUBLIC
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:COIL_SIBLING_CALLS=1>)

  if(COIL_INSTALL)
    install(TARGETS ${target} EXPORT coilTargets
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
      RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
      FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  endif()
endfunction()
