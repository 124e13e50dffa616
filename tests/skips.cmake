# What reactors cannot do anywhere, as the number of test cases that say so: <test>=<count>. A test
# that is not named skips nothing. What only this machine lacks is not counted.

set(COIL_TEST_SKIPS
  # The simulated reactor has no kernel below it: no descriptors, processes or streams of its own;
  descriptor_contract_test.simulated=9
  pipe_contract_test.simulated=12
  process_contract_test.simulated=16
  process_crowd_contract_test.simulated=3
  process_end_contract_test.simulated=10
  process_output_contract_test.simulated=9
  process_protocol_contract_test.simulated=14
  process_transport_contract_test.simulated=14
  stdio_contract_test.simulated=16
  stdio_terminal_contract_test.simulated=4
  # … a network of its own, which no other reactor can share;
  shared_port_contract_test.simulated=11
  # … signals of its own;
  signal_stop_contract_test.simulated=7
  # … and work that runs on its loop, in a time that waits for no thread.
  messages_stress_test.simulated=1
  reactor_thread_contract_test.simulated=1
  thread_cancel_contract_test.simulated=6
  thread_pool_contract_test.simulated=1)

# What the test cases of POSIX systems cannot ask of Windows, where they are: on its own reactor,
# and where the simulation says nothing about them itself.
if(COIL_SYSTEM STREQUAL "windows")
  foreach(reactor IN ITEMS iocp simulated)
    list(APPEND COIL_TEST_SKIPS
      # Descriptors that are small numbers, and their limit;
      adopt_contract_test.${reactor}=1
      handle_contract_test.${reactor}=1
      # … signals that interrupt a wait, or end a process.
      application_contract_test.${reactor}=1
      events_contract_test.${reactor}=1)
  endforeach()
  list(APPEND COIL_TEST_SKIPS
    # Broken pipes, terminals, SIGCHLD and signals at any moment;
    descriptor_contract_test.iocp=1
    pipe_contract_test.iocp=1
    signal_stop_contract_test.iocp=2
    # … children that are stopped, refuse their end, or have many descriptors, and shared sockets.
    process_contract_test.iocp=3
    process_crowd_contract_test.iocp=2
    process_end_contract_test.iocp=4
    process_protocol_contract_test.iocp=1
    process_transport_contract_test.iocp=4
    stdio_contract_test.iocp=3
    stdio_terminal_contract_test.iocp=4)
endif()
