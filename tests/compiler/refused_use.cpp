// With a number of a wrong form this does not compile, and says what to write instead; with
// WRONG_FORM 0 it does: what is to be written instead.
#include <coil/net.h>
#include <coil/runtime.h>

#include <memory>
#include <utility>

using namespace coil;

Task<int> answer();
Task<void> count(int& total);
Task<void> greet(TcpStream stream);
void forget(TcpStream stream);

class Silent : public Protocol {};
class Stranger {};
class Echo : public Protocol {
 public:
  explicit Echo(int limit) : limit_(limit) {}
  void dataReceived(ConstBytes data) override { transport().write(data.first(limit_)); }

 private:
  std::size_t limit_;
};

#if WRONG_FORM == 1
Task<void> wrong() {
  Task<int> task = answer();
  co_await task;
}
#elif WRONG_FORM == 2
Task<void> wrong() {
  const Task<int> task = answer();
  co_await when_all(task, answer());
}
#elif WRONG_FORM == 3
Task<void> wrong(TaskGroup& group) {
  int total = 0;
  group.spawn(&count, total);
  co_return;
}
#elif WRONG_FORM == 4
Task<void> wrong(TaskGroup& group) {
  Task<int> task = answer();
  group.spawn(task);
  co_return;
}
#elif WRONG_FORM == 5
Task<void> wrong(TaskGroup& group) {
  group.spawn(answer());
  co_return;
}
#elif WRONG_FORM == 6
Task<void> wrong(TaskGroup& group, TcpStream stream) {
  group.spawn(&forget, std::move(stream));
  co_return;
}
#elif WRONG_FORM == 7
Task<void> wrong(TcpListener& listener, TcpStream stream) {
  Task<void> task = greet(std::move(stream));
  co_await serve(listener, task);
}
#elif WRONG_FORM == 8
Task<void> wrong(TcpListener& listener) { co_await serve(listener, &forget); }
#elif WRONG_FORM == 9
Task<int> wrong() { co_return co_await or_return(answer()); }
#elif WRONG_FORM == 10
std::shared_ptr<Factory> wrong() { return Factory::forProtocol<Silent>(); }
#elif WRONG_FORM == 11
std::shared_ptr<Factory> wrong() { return Factory::forProtocol<Stranger>(); }
#elif WRONG_FORM == 12
std::shared_ptr<Factory> wrong() { return Factory::forProtocol<Echo>(); }
#elif WRONG_FORM == 13
Task<void> wrong() {
  auto body = []() -> Task<void> { co_return; };
  co_await with_task_group(body);
}
#elif WRONG_FORM == 14
Task<void> wrong() {
  auto body = [](TaskGroup& group) { group.spawn(&answer); };
  co_await with_task_group(body);
}
#else
Task<void> awaited() {
  Task<int> task = answer();
  co_await std::move(task);
}
Task<void> spawned(TaskGroup& group, int& total) {
  group.spawn(&count, outlives_group(total));
  group.spawn(&answer);
  co_return;
}
Task<void> served(TcpListener& listener) { co_await serve(listener, &greet); }
Task<Result<int>> handed_on() { co_return co_await or_return(answer()); }
std::shared_ptr<Factory> made() { return Factory::forProtocol<Echo>(80); }
#endif
