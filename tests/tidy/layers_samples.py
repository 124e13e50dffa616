"""What the rules of layers let pass, and what not."""
from samples import at

SAMPLES = {
    "platform_headers": [
        at("net/include/coil/net/a.h:2", "net/src/b.cpp:1", "runtime/include/coil/c.h:1",
           "samples/d.cpp:1", "threads/src/e_linux.cpp:1",
           bad={"net/include/coil/net/a.h": "#pragma once\n#include <netinet/in.h>\n",
                "net/src/b.cpp": "#include <sys/socket.h>\n",
                "runtime/include/coil/c.h": "#include <time.h>\n",
                "samples/d.cpp": "#include <unistd.h>\n",
                "threads/src/e_linux.cpp": "#include <pthread.h>\n"},
           good={"net/src/resolver_threaded.cpp": "#include <sys/socket.h>\n",
                 "runtime/src/a.cpp": "#include <liburing.h>\n#include <poll.h>\n",
                 "net/src/b.cpp": "#include <chrono>\n#include <coil/net/address.h>\n"
                                  "// #include <poll.h>\n",
                 "tests/net/a_test.cpp": "#include <sys/socket.h>\n"}),
    ],
    "platform_calls": [
        at("net/src/a.cpp:2", "net/src/a.cpp:3", "net/src/a.cpp:4", "net/src/a.cpp:5",
           "runtime/src/reactors/simulated/b.cpp:1", "samples/c.cpp:1",
           bad={"net/src/a.cpp": "void f() {\n  ::close(fd);\n"
                                 "  auto t = std::chrono::steady_clock::now();\n"
                                 "  std::random_device seed;\n  std::thread worker(run);\n}\n",
                "runtime/src/reactors/simulated/b.cpp": "std::random_device seed;\n",
                "samples/c.cpp": "int main() { std::this_thread::sleep_for(wait); }\n"},
           good={"net/src/a.cpp": "TcpListener TcpListener::bind(Reactor& reactor) {\n"
                                  "  reactor.sockets().bind(1);\n  TimePoint t = reactor.now();\n"
                                  "  std::thread::id id;  // std::random_device\n}\n",
                 "runtime/src/a.cpp": "void f() { ::close(fd); }\n",
                 "runtime/src/reactors/simulated/b.cpp": "void f() { ::poll(&watched, 1, 0); }\n",
                 "tests/a_test.cpp": "std::thread worker(run);\n"}),
    ],
    "include_chain": [
        at("net/src/b.cpp:1", "runtime/include/coil/runtime/a.h:2", "runtime/src/a.cpp:1",
           bad={"runtime/include/coil/runtime/a.h": "#pragma once\n#include <coil/net/b.h>\n",
                "runtime/src/a.cpp": "#include <coil/testing/memory.h>\n",
                "net/include/coil/net/b.h": "", "net/include/coil/testing/memory.h": "",
                "net/src/b.cpp": "#include <coil/process.h>\n"},
           good={"runtime/include/coil/runtime/a.h": "",
                 "threads/src/a.cpp": "#include <coil/runtime/a.h>\n",
                 "net/src/b.cpp": "#include <coil/threads.h>\n",
                 "tests/a.cpp": "#include <coil/net.h>\n",
                 "samples/b.cpp": "#include <coil/net.h>\n"}),
    ],
    "private_headers": [
        at("net/include/coil/net/a.h:1", "net/src/a.cpp:1", "samples/a.cpp:1", "samples/a.cpp:2",
           bad={"runtime/src/inbox.h": "", "net/src/socket.h": "",
                "net/include/coil/net/a.h": '#include "socket.h"\n',
                "net/src/a.cpp": '#include "../../runtime/src/inbox.h"\n',
                "samples/a.cpp": '#include "../net/src/socket.h"\n#include <coil/inbox.h>\n'},
           good={"runtime/src/inbox.h": "", "runtime/src/deep/a.cpp":
                 '#include "inbox.h"\n#include "../inbox.h"\n#include <coil/runtime.h>\n',
                 "runtime/include/coil/runtime.h": "", "samples/common/a.h": "",
                 "samples/a.cpp": '#include "common/a.h"\n',
                 "tests/a_test.cpp": '#include "inbox.h"\n'}),
    ],
    "backends_apart": [
        at("runtime/src/reactors/epoll/a.cpp:1",
           bad={"runtime/src/reactors/epoll/a.cpp": '#include "../poll/b.h"\n'},
           good={"runtime/src/reactors/epoll/a.cpp": '#include "../readiness/b.h"\n'
                                                     '#include "../backends.h"\n',
                 "runtime/src/reactors/io_uring/a.cpp": '#include "../../socket_calls_posix.h"\n',
                 "runtime/src/factory.cpp": '#include "reactors/backends.h"\n'}),
    ],
}
