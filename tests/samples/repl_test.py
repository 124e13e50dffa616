"""Types into `coil repl`, through pipes, files and a terminal."""
import os
import pty
import signal
import subprocess
import sys
import tempfile

coil, reactor = sys.argv[1:3]
command = [coil, "--reactor", reactor, "repl"]


def answers(text, **options):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60,
                          **options)
    return done.returncode, done.stdout, done.stderr


assert answers("1 + 2 * 3\n(1 + 2) * 3\n") == (0, "7\n9\n", "")
assert answers("1 + 2") == (0, "3\n", "")  # A last line without its end.
assert answers("") == (0, "", "")
assert answers("1 +\n2\n") == (0, "error: a number is missing at the end\n2\n", "")
many = "".join(f"{number} + 1\n" for number in range(20_000))
assert answers(many) == (0, "".join(f"{number + 1}\n" for number in range(20_000)), "")
status, said, complaint = answers("1" * 2000 + "\n")
assert (status, said) == (1, ""), (status, said)
assert complaint == "coil: a line has no more than 1000 characters\n", complaint

with tempfile.TemporaryFile("w+") as questions, tempfile.TemporaryFile("w+") as file:
    questions.write("6 * 7\n")
    questions.flush()
    questions.seek(0)
    file.write("before\n")
    file.flush()
    subprocess.run(command, stdin=questions, stdout=file, check=True, timeout=60)
    file.seek(0)
    assert file.read() == "before\n42\n"

# Nobody reads the answers: no signal, no message, a status that says so.
reader, writer = os.pipe()
os.close(reader)
done = subprocess.run(command, input="1\n", stdout=writer, stderr=subprocess.PIPE, text=True,
                      timeout=60)
os.close(writer)
assert (done.returncode, done.stderr) == (1, ""), done

person, program = pty.openpty()
process = subprocess.Popen(command, stdin=program, stdout=program, start_new_session=True)


def seen_until(end):
    text = ""
    while not text.endswith(end):
        text += os.read(person, 1000).decode()
    return text


seen_until("> ")
os.write(person, b"2 + 3\n")
assert seen_until("> ").replace("\r", "").endswith("2 + 3\n5\n> ")
os.write(person, b"\x04")  # The end of the input, as it is typed.
assert process.wait(60) == 0

process = subprocess.Popen(command, stdin=program, stdout=program, start_new_session=True)
seen_until("> ")
process.send_signal(signal.SIGINT)
assert process.wait(60) == -signal.SIGINT
