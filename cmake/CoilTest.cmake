# coil_add_test(): one test program, registered with CTest once, or once per reactor.

# Every reactor that the contract suite knows. A program skips, with a reason, one that the machine
# does not offer. On Linux the kqueue reactor runs over a shim that only test programs have. Windows
# has nothing in common with the others but the simulation.
set(COIL_TEST_REACTORS io_uring epoll kqueue poll select simulated)
if(COIL_PLATFORM STREQUAL "windows")
  set(COIL_TEST_REACTORS iocp simulated)
endif()
# How often each program skips something that its reactor cannot do: <test>=<count>, else never.
include(${PROJECT_SOURCE_DIR}/tests/skips.cmake)
# What an io_uring may be used for, each of which a kernel may lack.
set(COIL_TEST_RING_FEATURES
  multishot incremental multishot_poll multishot_accept send batched_send accept connect
  defer_taskrun)
list(TRANSFORM COIL_TEST_RING_FEATURES PREPEND - OUTPUT_VARIABLE COIL_TEST_RING_OFF)
string(REPLACE ";" "," COIL_TEST_RING_OFF "${COIL_TEST_RING_OFF}")

# How long a test case may take. The sanitizers make programs, and their starts, many times slower,
# and under wine all wait for one server.
set(COIL_TEST_DEADLINE 20)
if(COIL_SANITIZE MATCHES "thread")
  set(COIL_TEST_DEADLINE 100)
elseif("address" IN_LIST COIL_SANITIZE OR COIL_PLATFORM STREQUAL "windows")
  set(COIL_TEST_DEADLINE 60)
endif()

# Most of the time of a build with the address sanitizer, or for Windows, is the optimization of
# test cases, which are large coroutines; the library's code is optimized all the same.
set(COIL_TEST_OPTIONS "")
if("address" IN_LIST COIL_SANITIZE OR COIL_PLATFORM STREQUAL "windows")
  set(COIL_TEST_OPTIONS -O0)
endif()

# coil_add_test(<name> SOURCES… [LABELS…] [REACTORS | REAL_REACTORS] [WHOLE_RING] [LIBRARIES…]
#   [TIMEOUT seconds])
#
# With REACTORS the program runs once per reactor as the test <name>.<reactor>, and finds the name
# in the environment variable COIL_TEST_REACTOR. REAL_REACTORS leaves out the simulated one: for
# what needs a kernel's own descriptors. Besides, <name>.io_uring_no_<feature> runs on a ring that
# does without the feature, and <name>.io_uring_polled on one that has none of them, as if its
# kernel had nothing but polls; WHOLE_RING leaves these out: for what is long, and asks for none.
function(coil_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "REACTORS;REAL_REACTORS;WHOLE_RING" "TIMEOUT"
    "SOURCES;LABELS;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "coil_add_test(${name}): unknown '${arg_UNPARSED_ARGUMENTS}'.")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()

  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE coil_test_main ${arg_LIBRARIES})
  coil_set_language(${name})
  coil_enable_warnings(${name})
  if(TARGET coil_test_headers)
    target_precompile_headers(${name} REUSE_FROM coil_test_headers)
  endif()
  target_compile_options(${name} PRIVATE ${COIL_TEST_OPTIONS})

  if(NOT arg_REACTORS AND NOT arg_REAL_REACTORS)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
    return()
  endif()
  if(TARGET coil_kqueue_shim)
    target_link_libraries(${name} PRIVATE coil_kqueue_shim)
  endif()
  set(reactors ${COIL_TEST_REACTORS})
  if(arg_REAL_REACTORS)
    list(REMOVE_ITEM reactors simulated)
  endif()
  foreach(reactor IN LISTS reactors)
    coil_expected_skips(${name}.${reactor} skips)
    add_test(NAME ${name}.${reactor}
      COMMAND ${name} --deadline=${COIL_TEST_DEADLINE} --skips=${skips})
    set_tests_properties(${name}.${reactor} PROPERTIES
      ENVIRONMENT COIL_TEST_REACTOR=${reactor}
      LABELS "${arg_LABELS};${reactor}"
      TIMEOUT ${arg_TIMEOUT})
  endforeach()
  if(NOT io_uring IN_LIST reactors OR arg_WHOLE_RING)
    return()
  endif()
  coil_add_ring_test(${name} polled ${COIL_TEST_RING_OFF})
  foreach(feature IN LISTS COIL_TEST_RING_FEATURES)
    coil_add_ring_test(${name} no_${feature} -${feature})
  endforeach()
endfunction()

function(coil_add_ring_test name variant off)
  set(test ${name}.io_uring_${variant})
  coil_expected_skips(${test} skips)
  add_test(NAME ${test} COMMAND ${name} --deadline=${COIL_TEST_DEADLINE} --skips=${skips})
  set_tests_properties(${test} PROPERTIES
    ENVIRONMENT "COIL_TEST_REACTOR=io_uring;COIL_IO_URING=${off}"
    LABELS "${arg_LABELS};io_uring"
    TIMEOUT ${arg_TIMEOUT})
endfunction()

function(coil_expected_skips test out)
  set(expected ${COIL_TEST_SKIPS})
  list(FILTER expected INCLUDE REGEX "^${test}=")
  string(REGEX REPLACE ".*=" "" expected "0${expected}")
  set(${out} ${expected} PARENT_SCOPE)
endfunction()
