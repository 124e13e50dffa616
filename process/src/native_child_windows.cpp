// A child of Windows: its handle tells of its end, by a thread of the system's that waits for many.
#include "native_child_windows.h"

#include "text_windows.h"

#include <coil/process/process_error.h>
#include <coil/runtime/blocking_executor.h>
#include <coil/runtime/detail/inbox_node.h>
#include <coil/runtime/detail/loop_link.h>
#include <coil/runtime/detail/windows_error.h>
#include <coil/runtime/suspension.h>
#include <coil/runtime/task_context.h>

#include <signal.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <memory>
#include <string>

namespace coil::detail {

namespace {

// What a child ends with that is made to end, as shells say it; with nothing else but this object's
// word is it taken for a signal.
constexpr UINT code_of(int signal) noexcept { return 128U + static_cast<UINT>(signal); }

// Ends that the system makes of a program's fault, or of Ctrl-C.
struct Fault {
  DWORD code;
  int signal;
};
constexpr std::array<Fault, 6> faults = {{{STATUS_ACCESS_VIOLATION, SIGSEGV},
                                          {STATUS_STACK_OVERFLOW, SIGSEGV},
                                          {STATUS_ILLEGAL_INSTRUCTION, SIGILL},
                                          {STATUS_INTEGER_DIVIDE_BY_ZERO, SIGFPE},
                                          {STATUS_FLOAT_DIVIDE_BY_ZERO, SIGFPE},
                                          {STATUS_CONTROL_C_EXIT, SIGINT}}};

// Awaited until a handle is signaled. It lies in the awaiting frame, which the system's thread
// touches no more once it has posted it.
class UntilSignaled final : public Suspension, private InboxNode {
 public:
  explicit UntilSignaled(HANDLE handle) noexcept
      : Suspension(&give_up), InboxNode(&deliver), handle_(handle) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) {
    link_ = LoopLink::of(context.reactor());
    if (!enter(context, waiter)) return false;
    if (::RegisterWaitForSingleObject(&wait_, handle_, &signaled, this, INFINITE,
                                      WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD) != 0) {
      return true;
    }
    error_ = last_windows_error();
    leave();
    return false;
  }
  void await_resume() {
    unregister();
    check_cancelled();
    if (error_) throw SystemError(error_, "wait for a process");
  }

 private:
  static void CALLBACK signaled(void* self, BOOLEAN) noexcept {
    auto& wait = *static_cast<UntilSignaled*>(self);
    const std::shared_ptr<LoopLink> link = wait.link_;
    wait.posted_ = true;
    link->post(wait);
  }
  static void deliver(InboxNode& node, Reactor* reactor) noexcept;
  // Once this returns the system's thread has posted it, or never will.
  void unregister() noexcept {
    if (wait_ == nullptr) return;
    ::UnregisterWaitEx(wait_, INVALID_HANDLE_VALUE);
    wait_ = nullptr;
  }
  static void give_up(Suspension& suspension) noexcept {
    auto& self = static_cast<UntilSignaled&>(suspension);
    self.unregister();
    if (!self.posted_) self.finish_cancelled();
  }

  HANDLE handle_;
  HANDLE wait_ = nullptr;
  std::shared_ptr<LoopLink> link_;
  std::atomic<bool> posted_{false};
  std::error_code error_;
};

void UntilSignaled::deliver(InboxNode& node, Reactor* reactor) noexcept {
  if (reactor != nullptr) make_ready(static_cast<UntilSignaled&>(node));
}

}  // namespace

bool WindowsChild::has_ended() const noexcept {
  return ::WaitForSingleObject(get(process_), 0) == WAIT_OBJECT_0;
}

NativeChild::Sight WindowsChild::look(ExitStatus& status) noexcept {
  if (!has_ended()) return Sight::alive;
  DWORD code = 0;
  ::GetExitCodeProcess(get(process_), &code);
  status = status_of(code);
  set_free();  // What it has started goes on.
  return Sight::ended;
}

ExitStatus WindowsChild::status_of(DWORD code) const noexcept {
  if (ended_by_ != 0 && code == code_of(ended_by_)) return ExitStatus::signaled(ended_by_);
  for (const Fault& fault : faults) {
    if (fault.code == code) return ExitStatus::signaled(fault.signal);
  }
  return ExitStatus::exited(static_cast<int>(code));
}

Task<void> WindowsChild::until_end(Reactor&) { co_await UntilSignaled(get(process_)); }

void WindowsChild::await_end() noexcept { ::WaitForSingleObject(get(process_), INFINITE); }

bool WindowsChild::break_group() const noexcept {
  return console_ == Console::leads_group &&
         ::GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, static_cast<DWORD>(pid_)) != 0;
}

void WindowsChild::signal(int number) {
  if (has_ended()) throw ProcessExitedAlready();
  if (number == 0) return;
  if (number == signal_kill || number == signal_terminate) {
    if (number == signal_kill || !break_group()) end(number);
    return;
  }
  if (number == SIGBREAK && break_group()) return;
  refuse("process " + std::to_string(pid_) +
         " gets no such signal: Windows has KILL and TERM for it, and BREAK if it leads a group of "
         "this console");
}

void WindowsChild::end(int number) {
  const int before = std::exchange(ended_by_, number);
  if (::TerminateProcess(get(process_), code_of(number)) != 0) return;
  ended_by_ = before;
  if (::GetLastError() == ERROR_ACCESS_DENIED) return;  // It is ending already.
  throw_last("signal process " + std::to_string(pid_));
}

void WindowsChild::ask_to_end() noexcept {
  if (!break_group()) end_all(signal_terminate);
}

bool WindowsChild::end_all(int number) noexcept {
  if (has_ended()) return true;
  ended_by_ = number;
  return (job_.valid() && ::TerminateJobObject(get(job_), code_of(number)) != 0) ||
         ::TerminateProcess(get(process_), code_of(number)) != 0;
}

void WindowsChild::set_free() noexcept {
  if (!job_.valid()) return;
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  ::SetInformationJobObject(get(job_), JobObjectExtendedLimitInformation, &limits, sizeof limits);
  job_ = OwnedHandle();
}

NativeChild::Sight FailedChild::look(ExitStatus& status) noexcept {
  status = ExitStatus::exited(1);
  return Sight::ended;
}

Task<void> FailedChild::until_end(Reactor&) { co_return; }

void FailedChild::signal(int) { throw ProcessExitedAlready(); }

}  // namespace coil::detail
