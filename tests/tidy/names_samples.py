"""What the rules of names let pass, and what not."""
from samples import at

LIST = {"docs/names.md": "# Names\n\n`callLater` `doRead`\n"}
HEADER = "runtime/include/coil/runtime/a.h"

SAMPLES = {
    "camel_case_listed": [
        at("net/src/b.cpp:1", f"{HEADER}:1", "samples/c.cpp:1",
           bad={**LIST, HEADER: "void callSooner();\n", "net/src/b.cpp": "int theCount = 0;\n",
                "samples/c.cpp": "auto myTask = [] {};\n"},
           good={**LIST, HEADER: "void callLater();  // theCount\nclass TaskGroup;\n",
                 "net/src/b.cpp": 'other.setOption("theCount");\nabsl::someCall();\n'}),
    ],
    "listed_names_used": [
        at("docs/names.md:3", bad={**LIST, HEADER: "void callLater();\n"},
           good={**LIST, HEADER: "void callLater();\nvoid doRead();\n"}),
    ],
    "listed_names_sorted": [
        at("docs/names.md:3", bad={"docs/names.md": "\n`doRead`\n`callLater`\n"}, good=LIST),
    ],
    "checker_knows_list": [
        at(".clang-tidy:2", ".clang-tidy:2",
           bad={**LIST, ".clang-tidy": "# Checks.\nIgnoredRegexp: \"\\\n  (callLater|\\\n"
                                       "  addReader)\"\n"},
           good={**LIST, ".clang-tidy": "# Checks.\nIgnoredRegexp: \"\\\n  (callLater|\\\n"
                                        "  doRead)\"\n"}),
        at(".clang-tidy:1", bad={**LIST, ".clang-tidy": "Checks: none\n"},
           good={"docs/other.md": ""}),
    ],
    "telling_type_names": [
        at(f"{HEADER}:1", f"{HEADER}:3", f"{HEADER}:4", f"{HEADER}:5",
           bad={HEADER: "class ConnectionManager {\n};\nusing ReadHandler = int;\n"
                        "struct IReactor;\nenum class UtilKind { a };\n"},
           good={HEADER: "class TaskContext;\nclass IpAddress {\n};\nusing Handle = int;\n"
                         "class Simplex {\n};\n"}),
    ],
    "telling_file_names": [
        at("net/src/SocketBase.cpp:1", "net/src/string_util.h:1",
           bad={"net/src/string_util.h": "", "net/src/SocketBase.cpp": ""},
           good={"net/src/socket_base.cpp": "", "net/src/utility_poles.h": ""}),
    ],
}
