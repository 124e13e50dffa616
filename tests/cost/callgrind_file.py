"""Reads the file that callgrind writes: where the instructions went, by function and by line."""
import collections
import re

NAME = re.compile(r"\((\d+)\)(?: (.*))?$")


class Profile:
    """Self cost: a function's own instructions, with those of what was inlined into it."""

    def __init__(self, path):
        self.functions = collections.Counter()
        self.lines = collections.Counter()  # By (file, line).
        self._names, self._files = {}, {}
        function, file, number, is_call = None, None, 0, False
        for text in path.read_text(errors="replace").splitlines():
            key, _, value = text.partition("=")
            if key == "fn":
                function = self._name(self._names, value)
            elif key == "cfn":
                self._name(self._names, value)
            elif key in ("fl", "fi", "fe"):
                file = self._name(self._files, value)
            elif key in ("cfi", "cfl"):
                self._name(self._files, value)
            elif key == "calls":
                is_call = True  # The next line is the callee's cost.
            elif re.match(r"[+\-*\d]", text):
                position, *cost = text.split()
                number = self._position(position, number)
                if cost and not is_call:
                    self.functions[function] += int(cost[0])
                    self.lines[file, number] += int(cost[0])
                is_call = False

    @staticmethod
    def _name(known, text):
        """A name is written once, with a number that stands for it from then on."""
        match = NAME.match(text)
        if not match:
            return text
        if match[2] is not None:
            known[match[1]] = match[2]
        return known.get(match[1], text)

    @staticmethod
    def _position(text, number):
        if text == "*":
            return number
        return number + int(text) if text[0] in "+-" else int(text)


def short(function):
    """A function's name without what no reader needs: coroutine frames, anonymous namespaces."""
    function = function.replace("(anonymous namespace)::", "")
    return re.sub(r"\(\S.*::_Z\w+\.Frame\*\)", "(frame)", function)
