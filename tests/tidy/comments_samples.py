"""What the rules of comments let pass, and what not."""
from samples import at

HEADER = "net/include/coil/net/a.h"


def header(text):
    """A public header with an opening and the given text, which begins on line 3."""
    return {HEADER: "// A thing.\n#pragma once\n" + text}


PLANS = ["TODO: make it fast", "FIXME it leaks", "Copies, for now.", "This is a stub.",
         "Not yet implemented on Windows.", "Will be replaced.", "See issue 12.",
         "As of 2024-05-01 the kernel waits.", "We fix this later.", "Needed for milestone 3.",
         "The v2 protocol.", "NOLINT", "See design.md.", "Fixed in #42."]
PROSE = ["TODO: https://example.org/issues/3 says why.", "Makes the call later.",
         "What the strand waits for now; null while it runs.", "Too much waits to be written.",
         "The startup phase; `during` is one of three.",
         "RFC 9293, section 3.5.", "gcc's bug 105651.",
         "An IPv6 listener takes v4 in.", "What is left for the next turn.", "Stubborn peers.",
         "Linux 5.11 and newer.", "May be replaced by the caller.", "Removed from the list."]

SAMPLES = {
    "label_spelling": [
        at(f"{HEADER}:3", f"{HEADER}:4", f"{HEADER}:5",
           bad=header("// Guarantee: It is one.\n// Throws: SystemError.\n// Cancelation: None.\n"),
           good=header("// Guarantees: It is one.\n// Errors: SystemError.\n// Port: a number.\n"
                       "\n// Error: why it failed.\nclass Error {\n};\n")),
    ],
    "label_order": [
        at(f"{HEADER}:4", f"{HEADER}:7",
           bad=header("// Errors: SystemError.\n// Requires: It is open.\n\n"
                      "// Cost: None.\n// Cost: Little.\n"),
           good=header("// Requires: It is open.\n// Errors: SystemError.\n\n// Requires: Now.\n")),
    ],
    "label_indent": [
        at(f"{HEADER}:4",
           bad=header("// Requires:   It is open while it\n// is\n//             in use.\n"),
           good=header("// Requires:   It is open while it\n//             is in use.\n"
                       "// Guarantees: It is one.\n//\n// Afterwards it is not.\n")),
    ],
    "cancellation_sentence": [
        at(f"{HEADER}:3",
           bad=header("// Cancellation: Inherited.\n"),
           good=header("// Cancellation: Cancellable; if cancelled, nothing was transferred. A\n"
                       "//               lock is kept.\n\n"
                       "// Cancellation: Not cancellable; completes promptly.\n")),
        at(f"{HEADER}:3",
           bad=header("// Cancellation: Cancellable; some bytes may have been\n//   lost.\n"),
           good=header("// Cancellation: Cancellable; some bytes may have been\n"
                       "//               transferred.\n")),
    ],
    "class_example": [
        at(f"{HEADER}:5",
           bad=header("namespace coil {\n// Stream: bytes.\nclass [[nodiscard]] Stream final {\n"
                      "};\n}\n"),
           good=header("namespace coil {\n// Stream: bytes.\n//\n// Example:\n//\n"
                       "//   Stream stream(StreamOptions().fast());\nclass Stream {\n"
                       "  class Part {\n  };\n};\nclass StreamOptions {\n};\n"
                       "namespace detail {\nclass Hidden {\n};\n}\n}\n")),
        at(f"{HEADER}:4",
           bad=header("namespace coil {\ntemplate <class T>\nstruct Box {\n};\n}\n"),
           good={HEADER: "// Boxes.\n//\n// Example:\n//\n//   open(box);\n#pragma once\n"
                         "namespace coil {\nstruct Box {\n};\n}\n",
                 "net/include/coil/net/detail/b.h": "namespace coil {\nclass B {\n};\n}\n",
                 "net/src/c.h": "namespace coil {\nclass C {\n};\n}\n"}),
    ],
    "plans": [
        at(*[f"net/src/a.cpp:{number}" for number in range(1, len(PLANS) + 1)], "tests/b.py:2",
           bad={"net/src/a.cpp": "".join(f"// {text}\n" for text in PLANS),
                "tests/b.py": '"""Runs."""\nstep()  # FIXME\n'},
           good={"net/src/a.cpp": "".join(f"// {text}\n" for text in PROSE)
                                  + 'const char* text = "TODO";\n'}),
    ],
    "american_spelling": [
        at("docs/a.md:1", "net/src/a.cpp:1", "net/src/a.cpp:1",
           bad={"net/src/a.cpp": "// Initialises the neighbour.\n", "docs/a.md": "behaviour\n"},
           good={"net/src/a.cpp": "// Initializes the neighbor; four hours of promises.\n"
                                  "int behaviour;\n"}),
    ],
    "comment_form": [
        at("net/src/a.cpp:1", "net/src/a.cpp:2",
           bad={"net/src/a.cpp": "/* Long. */\n/// Doc.\n"},
           good={"net/src/a.cpp": "// Plain.\ncall(/*deep=*/true, \"/* text */\");\n"}),
    ],
    "file_opening": [
        at("cmake/B.cmake:1", "net/src/a.cpp:1", "tests/c.py:1",
           bad={"net/src/a.cpp": "#include <a>\n", "cmake/B.cmake": "set(a 1)\n",
                "tests/c.py": "import os\n"},
           good={"net/src/a.cpp": "// Adds.\n", "cmake/B.cmake": "# Sets.\n",
                 "tests/c.py": '"""Runs."""\n', "dev": "#!/bin/sh\n# Runs.\n"}),
    ],
}
