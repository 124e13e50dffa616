// Does not compile with gcc 12: what is shown must be refused, with a sentence that helps.
#include <coil/runtime.h>

#include <string>

coil::Task<void> wrong_group(std::string text) {
  co_await coil::with_task_group([text](coil::TaskGroup&) -> coil::Task<void> { co_return; });
}
coil::Task<void> wrong_callback(coil::Reactor& reactor, std::string text) {
  co_await coil::await_callback<void>(reactor, [text](coil::Resume<void> resume) { resume(); });
}
