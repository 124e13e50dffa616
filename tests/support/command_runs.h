// Commands run to their end by a test.
#pragma once

#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>

#include "support/child.h"

namespace coil::testing {

template <class Body>
void with_task(Reactor& reactor, Body body) {
  run(reactor, body());
  settle(reactor);
}

// Runs it and gives what it wrote to descriptor 1.
inline std::string said_by(Reactor& reactor, const Command& command) {
  std::string text;
  with_task(reactor, [&]() -> Task<void> {
    Process process = Process::spawn(reactor, command);
    text = co_await all_of(process.output());
    co_await process.wait();
  });
  return text;
}

inline ExitStatus end_of(Reactor& reactor, const Command& command) {
  ExitStatus status;
  with_task(reactor, [&]() -> Task<void> {
    Process process = Process::spawn(reactor, command);
    status = co_await process.wait();
    const ExitStatus again = co_await process.wait();
    CHECK(again == status);
    CHECK(process.status() == status);
  });
  return status;
}

inline std::string failure_of(Reactor& reactor, const Command& command) {
  try {
    Process::spawn(reactor, command);
  } catch (const SystemError& error) {
    return error.what();
  }
  return "";
}

// A child that has said that it is ready.
inline Task<Process> started(Reactor& reactor, Command command) {
  Process process = Process::spawn(reactor, command);
  const BufferLease ready = co_await process.output().receive();
  CHECK(as_text(ready.bytes()) == "ready");
  co_return process;
}

template <class T>
Result<T> result_of(Reactor& reactor, Deferred<T> deferred) {
  auto waits = [](Deferred<T> result) -> Task<Result<T>> {
    co_return co_await as_result(std::move(result));
  };
  auto result = run(reactor, waits(std::move(deferred)));
  settle(reactor);
  return result;
}

}  // namespace coil::testing
