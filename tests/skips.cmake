# What reactors cannot do anywhere, as the number of test cases that say so: <test>=<count>. A test
# that is not named skips nothing. What only this machine lacks is not counted.

set(COIL_TEST_SKIPS
  # The simulated reactor has no kernel below it, hence no processes, pipes or standard streams;
  pipe_contract_test.simulated=11
  process_contract_test.simulated=16
  process_crowd_contract_test.simulated=3
  process_end_contract_test.simulated=10
  process_output_contract_test.simulated=9
  process_protocol_contract_test.simulated=14
  process_transport_contract_test.simulated=13
  stdio_contract_test.simulated=15
  stdio_terminal_contract_test.simulated=4
  # … a network of its own, which no other reactor can share;
  shared_port_contract_test.simulated=9
  # … signals of its own;
  signal_stop_contract_test.simulated=7
  # … and work that runs on its loop, in a time that waits for no thread.
  messages_stress_test.simulated=1
  reactor_thread_contract_test.simulated=1
  thread_pool_contract_test.simulated=1
  # Windows has no terminals, no signals for others, no limit of handles and one owner of a socket.
  pipe_contract_test.iocp=1
  process_contract_test.iocp=3
  process_crowd_contract_test.iocp=2
  process_end_contract_test.iocp=4
  process_protocol_contract_test.iocp=1
  process_transport_contract_test.iocp=4
  stdio_contract_test.iocp=2
  stdio_terminal_contract_test.iocp=4)
