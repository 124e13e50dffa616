// The examples of thread_pool.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace coil;

namespace {

struct Picture {
  int width = 0;
};

Picture thumbnail_of(const Picture& picture) { return Picture{picture.width / 10}; }

std::string read_whole(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("own pool") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  const Picture picture{640};
  auto program = [&]() -> Task<int> {
    // [own pool]
    ThreadPool pool(ThreadPoolOptions().set_sizes(1, 4).set_name("thumbs"));
    pool.start();
    auto work = [&] { return thumbnail_of(picture); };
    Picture small = co_await pool.run(work);
    // [/own pool]
    co_return small.width;
  };
  CHECK(run(*reactor, program()) == 64);
}

TEST_CASE("reactor pool") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  auto program = [&]() -> Task<std::string> {
    // [reactor pool]
    auto work = [] { return read_whole("/etc/hostname"); };
    std::string name = co_await getThreadPool(reactor)->run(work);
    // [/reactor pool]
    co_return name;
  };
  CHECK(run(reactor, program()) == read_whole("/etc/hostname"));
}
