"""What the rules of size let pass, and what not."""
from samples import at

BODY = "  step();\n"

SAMPLES = {
    "file_length": [
        at("net/src/a.cpp:401", bad={"net/src/a.cpp": "// One.\n" * 401},
           good={"net/src/a.cpp": "// One.\n" * 400, "docs/long.md": "word\n" * 900}),
    ],
    "function_length": [
        at("net/src/a.cpp:3",
           bad={"net/src/a.cpp": "// Runs.\n\nvoid run() {\n" + BODY * 69 + "}\n"},
           good={"net/src/a.cpp": "// Runs.\n\nvoid run() {\n" + BODY * 68 + "}\n"}),
        at("net/src/a.cpp:2",  # The body behind braced member initializers.
           bad={"net/src/a.cpp": "namespace coil {\nA::A()\n    : a_{1},\n      b_{2} {\n"
                                 + BODY * 67 + "}\n}\n"},
           good={"net/src/a.cpp": "namespace coil {\nA::A()\n    : a_{1},\n      b_{2} {\n"
                                  + BODY * 66 + "}\n}\n"}),
        at("tests/a.py:1", bad={"tests/a.py": "def run():\n" + "    step()\n" * 70},
           good={"tests/a.py": "def run():\n" + "    step()\n" * 69}),
    ],
    "column_limit": [
        at("dev:3", "net/src/a.cpp:1", "net/src/a.cpp:2", "net/src/a.cpp:3",
           bad={"net/src/a.cpp": "x" * 101 + "\nint a; \n\tint b;\n",
                "dev": "#!/bin/sh\n# Runs.\n" + "x" * 101 + "\n"},
           good={"net/src/a.cpp": "…" * 100 + "\n", "docs/a.md": "word " * 40}),
    ],
}
