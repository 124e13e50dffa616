"""What the rules of listings let pass, and what not."""
from samples import at

HEADER = "net/include/coil/net/tcp.h"
BUILD = "# Builds.\nset(names tcp udp)\nforeach(name IN ITEMS a b)\n" \
        "  add(${name} SOURCES ${name}_test.cpp)\nendforeach()\n" \
        "foreach(name IN LISTS names)\n  add(${name}.cpp \"text (x)\")\nendforeach()\n" \
        "add(deep ${CMAKE_CURRENT_SOURCE_DIR}/sub/c.cpp ${PROJECT_SOURCE_DIR}/samples/main.cpp)\n"
PAGE = "# Options\n\n| option | |\n|---|---|\n| `COIL_TESTS` | builds them |\n"
OPTIONS = "# Options.\ncoil_option(COIL_TESTS ON \"Build them.\")\nset(COIL_OPTION_NAMES \"\")\n"

SAMPLES = {
    "file_listed": [
        at("net/c_test.cpp:1", "net/sub/a_test.cpp:1",
           bad={"net/CMakeLists.txt": BUILD + "# c_test.cpp\n", "net/a_test.cpp": "",
                "net/c_test.cpp": "", "net/sub/a_test.cpp": ""},
           good={"net/CMakeLists.txt": BUILD, "net/a_test.cpp": "", "net/b_test.cpp": "",
                 "net/udp.cpp": "", "net/sub/c.cpp": "", "samples/main.cpp": ""}),
    ],
    "header_tested": [
        at(f"{HEADER}:1", "runtime/include/coil/testing/clock.h:1",
           bad={HEADER: "", "tests/net/udp_test.cpp": "", "tests/clock_test.cpp":
                "// Covers: clock.h.\n", "runtime/include/coil/testing/clock.h": ""},
           good={HEADER: "", "tests/net/tcp_test.cpp": "", "net/include/coil/net.h": "",
                 "net/include/coil/net/detail/a.h": "", "net/include/coil/net/udp.h": "",
                 "tests/contract/a.cpp": "// Covers: all of\n// udp.h, testing/clock.h: UDP.\n",
                 "runtime/include/coil/testing/clock.h": ""}),
    ],
    "covers_exist": [
        at("tests/a_test.cpp:2",
           bad={"tests/a_test.cpp": "// Covers: tcp.h,\n// tcq.h.\n", HEADER: ""},
           good={"tests/a_test.cpp": "// Covers: tcp.h, net/tcp.h.\n", HEADER: ""}),
    ],
    "umbrella_complete": [
        at("net/include/coil/net.h:1",
           bad={"net/include/coil/net.h": "// All.\n", HEADER: ""},
           good={"net/include/coil/net.h": "#include <coil/net/udp.h>\n", HEADER: "",
                 "net/include/coil/net/udp.h": "#include <coil/net/tcp.h>\n",
                 "net/include/coil/net/detail/a.h": ""}),
    ],
    "options_documented": [
        at("cmake/CoilOptions.cmake:2", "docs/building.md:3",
           bad={"cmake/CoilOptions.cmake": OPTIONS,
                "docs/building.md": "\n\n| `COIL_TEST` | builds them |\n"},
           good={"cmake/CoilOptions.cmake": OPTIONS, "docs/building.md": PAGE}),
    ],
}
