"""Rules of layers: who may include whom, and who may talk to the system."""
import posixpath
import re

from tree import MODULES, Finding, rule

HEADER_FOLDERS = ("runtime/src/", "process/src/", "net/src/resolver_", "net/src/tls/",
                  "samples/common/sha256")
# What threads are, the standard library says: no header of a platform's is needed for them.
CALL_FOLDERS = (*HEADER_FOLDERS, "threads/src/")
# Below runtime/src, but of a world that is made of values: no clock, no chance, no thread.
SIMULATED_FOLDERS = ("runtime/src/reactors/simulated/", "runtime/src/testing/")
REACTORS = "runtime/src/reactors/"

PLATFORM_HEADER = re.compile(
    r"(sys|net|netinet|arpa|linux|asm|openssl)/|(unistd|fcntl|poll|signal|time|netdb|pthread|sched|"
    r"semaphore|termios|dirent|dlfcn|pwd|spawn|execinfo|ifaddrs|liburing|windows|winsock2|mswsock|"
    r"ws2tcpip|afunix|winternl|bcrypt|ntdef)\.h$", re.I)
SOCKET_CALLS = (
    "socket|socketpair|bind|listen|accept4?|connect|shutdown|close|read|write|readv|writev|recv|"
    "send|recvfrom|sendto|recvmsg|sendmsg|getsockopt|setsockopt|getsockname|getpeername|ioctl|"
    "fcntl|poll|ppoll|select|pselect|pipe2?|dup[23]?|getaddrinfo|getnameinfo|open|fork|kill|"
    r"waitpid|usleep|nanosleep|epoll_\w+|kqueue|kevent|eventfd|signalfd|timerfd_\w+|io_uring_\w+")
PLATFORM_CALLS = (
    ("a socket or a descriptor", re.compile(rf"(?<![\w>:.])::(?:{SOCKET_CALLS})\s*\(")),
    ("a clock", re.compile(r"_clock::now\b|\b(?:clock_gettime|gettimeofday|time|clock)\s*\(\s*"
                           r"(?:CLOCK_\w+|nullptr|NULL|0|&|\))|\babsl::Now\b|\bstd::time\b")),
    ("a random source", re.compile(r"\brandom_device\b|\bstd::s?rand\b|(?<![\w.>:])s?rand\s*\(|"
                                   r"\bgetrandom\b|\babsl::\w*BitGen\b")),
    ("a thread", re.compile(r"\bstd::j?thread\b(?!::id)|\bpthread_\w+|\bstd::async\b|"
                            r"\bthis_thread::sleep_\w+|\babsl::SleepFor\b")),
)


def lies_in(path, folders):
    """Tells whether a file lies where the system may be seen; tests may do what they must."""
    return path.startswith("tests/") or path.startswith(folders)


@rule
def platform_headers(tree):
    """A platform header is included only in the folders that talk to the system."""
    for file in tree.cpp():
        if lies_in(file.path, HEADER_FOLDERS):
            continue
        for line, sign, name in file.includes():
            if sign == "<" and PLATFORM_HEADER.match(name):
                yield Finding(file.path, line, f"<{name}> is a platform header, and this file is "
                                               "outside the folders that may include one")


@rule
def platform_calls(tree):
    """A socket, a clock, a random source or a thread is reached through the reactor."""
    for file in tree.cpp():
        calls = PLATFORM_CALLS
        if file.path.startswith(SIMULATED_FOLDERS):
            calls = PLATFORM_CALLS[1:]
        elif lies_in(file.path, CALL_FOLDERS):
            continue
        for what, pattern in calls:
            for match in pattern.finditer(file.code):
                yield Finding(file.path, file.line_at(match.start()),
                              f"'{match.group().strip(':( ')}' is a call for {what}: go through "
                              "the reactor, so that the simulation sees it")


def module_of(tree, header):
    """Gives the module that a <coil/…> header belongs to."""
    for module in MODULES:
        if f"{module}/include/{header}" in tree.files:
            return module
    parts = header.split("/")  # A header that is not there: by its name.
    return parts[1].removesuffix(".h") if parts[1].removesuffix(".h") in MODULES else None


@rule
def include_chain(tree):
    """A module includes only itself and those below it: runtime, threads, net, process."""
    for file in tree.library():
        rank = MODULES.index(file.module)
        for line, _, name in file.includes():
            module = module_of(tree, name) if name.startswith("coil/") else None
            if module and MODULES.index(module) > rank:
                yield Finding(file.path, line, f"<{name}> is of {module}, which is above "
                                               f"{file.module} in the chain of layers")


@rule
def private_headers(tree):
    """A private header is included only by its own module and by tests."""
    for file in tree.cpp():
        if file.module == "tests":
            continue
        for line, sign, name in file.includes():
            if sign == "<" and not name.startswith("coil/"):
                continue
            if sign == "<":
                if module_of(tree, name) is None:
                    yield Finding(file.path, line, f"<{name}> is no public header of any module")
                continue
            here = posixpath.dirname(file.path)
            base = f"{file.module}/src" if file.module in MODULES else file.module
            paths = [posixpath.normpath(posixpath.join(folder, name)) for folder in (here, base)]
            own = any(path in tree.files and path.startswith(base + "/") for path in paths)
            if "/include/" in file.path or not own:
                yield Finding(file.path, line, f'"{name}" is no header that this file may include')


@rule
def backends_apart(tree):
    """A backend includes no other backend; the pollers share only readiness/."""
    for file in tree.library():
        if not file.path.startswith(REACTORS) or file.path.count("/") < 4:
            continue
        own = file.path.removeprefix(REACTORS).split("/")[0]
        for line, sign, name in file.includes():
            match = re.search(r"(?:reactors/|\.\./)(\w+)/", name) if sign == '"' else None
            if match and match.group(1) not in (own, "readiness", "reactors"):
                yield Finding(file.path, line, f"the backend {own} includes \"{name}\": backends "
                                               "share readiness/ and nothing else")
