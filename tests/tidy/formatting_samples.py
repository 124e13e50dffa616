"""What the rule of layout lets pass, and what not; tried on disk, where clang-format works."""
from samples import at

STYLE = {".clang-format": "BasedOnStyle: Google\n"}

SAMPLES = {
    "formatted": [
        at("net/src/a.cpp:2", bad={**STYLE, "net/src/a.cpp": "// Adds.\nint   a;\n"},
           good={**STYLE, "net/src/a.cpp": "// Adds.\nint a;\n"}),
    ],
}
