// A user's program: it sees nothing of coil but its installed headers and targets.
#include <coil/net.h>
#include <coil/process.h>
#include <coil/runtime.h>

#include <cstdio>

coil::Task<int> rest_and_answer() {
  co_await coil::sleep(std::chrono::milliseconds(1));
  co_return 42;
}

int main() {
  const std::unique_ptr<coil::Reactor> reactor = coil::make_reactor();
  const int answer = coil::run(*reactor, rest_and_answer());
  std::printf("%d on %s\n", answer, std::string(reactor->name()).c_str());
  return answer == 42 ? 0 : 1;
}
