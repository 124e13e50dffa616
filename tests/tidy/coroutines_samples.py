"""What the rules of closures and coroutines let pass, and what not."""
from samples import at

FILE = "tests/a_test.cpp"


def body(*lines):
    """A file with a function of the given lines, the first of which is line 2."""
    return {FILE: "void f() {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"}


SAMPLES = {
    "capturing_coroutine": [
        at(f"{FILE}:2", f"{FILE}:3", f"{FILE}:4", f"{FILE}:5",
           bad=body("run([&]() -> Task<void> { co_await step(); });",
                    "auto task = [this]() -> Task<void> { co_return; }();",
                    "return [x](int a) mutable -> Task<int> { co_return a + x; };",
                    "serve(here, [&](TcpStream s) -> Task<std::pair<int, int>> { co_await s; });"),
           good=body("auto named = [&]() -> Task<void> { co_await step(); };",
                     "group.spawn([x]() -> Task<void> { co_await step(); });",
                     "with_pair(reactor, [&](Pair& p) -> Task<void> { co_await p.done(); });",
                     "run([]() -> Task<void> { co_await step(); });",
                     "co_await [&]() -> Task<void> { co_await step(); }();",
                     "later([&] { values[x] = 1; });",
                     "later([&] { auto inner = [&]() -> Task<void> { co_return; }; });")),
    ],
    "closure_in_await": [
        at(f"{FILE}:2", f"{FILE}:3",
           bad=body("co_await serve(listener, [name](TcpStream) {});",
                    "int n = co_await wait([p = std::move(p)] { return *p; });"),
           good=body("auto handler = [name](TcpStream) {};", "co_await serve(listener, handler);",
                     "co_await serve(listener, [&name, this](TcpStream) {});",
                     "auto both = [name] { return name; };", "co_await sleep(values[n]);")),
    ],
    "list_in_await": [
        at(f"{FILE}:2", bad=body("co_await connect(reactor, {.port = 1});"),
           good=body("Options options = {.port = 1};", "co_await connect(reactor, options);")),
    ],
}
