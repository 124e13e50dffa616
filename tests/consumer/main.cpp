// A user's program: it sees nothing of coil but its installed headers and targets.
#include <coil/net.h>
#include <coil/process.h>
#include <coil/runtime.h>
#include <coil/threads.h>

#include <cstdio>

coil::Task<int> rest_and_answer() {
  co_await coil::sleep(std::chrono::milliseconds(1));
  coil::Reactor& reactor = co_await coil::current_reactor();
  const coil::CommandOutput made = co_await coil::run_command(reactor, coil::Command("echo", "42"));
  if (made.output != "42\n") co_return 0;
  coil::ReactorThread worker;
  auto half = [](coil::Reactor&) { return 21; };
  co_return 2 * co_await worker.run(half);
}

int main() {
  const std::unique_ptr<coil::Reactor> reactor = coil::make_reactor();
  const int answer = coil::run(*reactor, rest_and_answer());
  std::printf("%d on %s\n", answer, std::string(reactor->name()).c_str());
  return answer == 42 ? 0 : 1;
}
