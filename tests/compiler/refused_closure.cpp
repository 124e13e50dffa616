// With a number of a wrong form this does not compile with gcc 12, and says what to write instead;
// with WRONG_FORM 0 it does: what is to be written instead.
#include <coil/net.h>
#include <coil/runtime.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

using namespace coil;

#if WRONG_FORM == 1
Task<void> wrong(std::string text) {
  co_await with_task_group([text](TaskGroup&) -> Task<void> { co_return; });
}
#elif WRONG_FORM == 2
Task<void> wrong(Reactor& reactor, std::string text) {
  co_await await_callback<void>(reactor, [text](Resume<void> resume) { resume(); });
}
#elif WRONG_FORM == 3
Task<void> greet(TcpStream stream, std::string text);
Task<void> wrong(TcpListener& listener, std::string text) {
  co_await serve(listener, [text](TcpStream stream) { return greet(std::move(stream), text); });
}
#else
Task<void> group(std::string text, std::unique_ptr<int> number) {
  auto copied = [text](TaskGroup&) -> Task<void> { co_return; };
  co_await with_task_group(copied);
  auto cannot_be_copied = [own = std::move(number)](TaskGroup&) -> Task<void> { co_return; };
  co_await with_task_group(std::ref(cannot_be_copied));
  co_await with_task_group([&text](TaskGroup&) -> Task<void> {
    text.clear();
    co_return;
  });
}
Task<void> callback(Reactor& reactor, std::string text) {
  auto start = [text](Resume<void> resume) { resume(); };
  co_await await_callback<void>(reactor, start);
  co_await await_callback<void>(reactor, [&text](Resume<void> resume) {
    text.clear();
    resume();
  });
}
Task<void> server(TcpListener& listener, std::string text) {
  auto handler = [text](TcpStream) -> Task<void> { co_return; };
  co_await serve(listener, handler);
}
#endif
