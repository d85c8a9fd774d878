"""``python -m nightjar``: commands are found, bad input is a message and exit status 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from nightjar import __main__ as command_line
from nightjar import commands

ROOT = Path(__file__).resolve().parents[2]

SAY = '''"""Say something."""

from nightjar.errors import InputError

HELP = "say something"


def add_arguments(parser):
    parser.add_argument("words", nargs="+")


def run(args):
    if "nowhere" in args.words:
        open("/nowhere/at/all", "w")
    if "nonsense" in args.words:
        raise InputError("words: nonsense;\\nsay something else")
    print(*args.words)
'''

WAIT = '''"""Be terminated in the middle of the work."""

import os
import signal
import tempfile
import time

HELP = "wait"


def add_arguments(parser):
    parser.add_argument("folder")


def run(args):
    with tempfile.TemporaryDirectory(dir=args.folder):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
'''


@pytest.fixture
def say(tmp_path, monkeypatch):
    """A command ``say-it``, beside the real ones."""
    (tmp_path / "say_it.py").write_text(SAY)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    yield
    sys.modules.pop("nightjar.commands.say_it", None)


def test_a_module_is_a_command(say, capsys):
    assert command_line.main(["say-it", "good", "night"]) == 0
    assert capsys.readouterr().out == "good night\n"


def test_bad_input_is_a_message_and_status_2(say, capsys):
    assert command_line.main(["say-it", "nonsense"]) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err == ("say-it: error: words: nonsense;\nsay-it: error: say something else\n")


def test_what_cannot_be_written_is_a_message(say, capsys):
    assert command_line.main(["say-it", "nowhere"]) == 2
    assert "No such file or directory: '/nowhere/at/all'" in capsys.readouterr().err


def test_a_command_that_is_terminated_tidies_up(tmp_path):
    """SIGTERM, of a batch system, say; Python by itself would leave its temporary folders."""
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "wait.py").write_text(WAIT)
    (tmp_path / "left").mkdir()
    code = (
        "import runpy, sys; from nightjar import commands; "
        f"commands.__path__.append({str(tmp_path / 'commands')!r}); "
        f"sys.argv = ['nightjar', 'wait', {str(tmp_path / 'left')!r}]; "
        "runpy.run_module('nightjar', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=600)
    assert done.returncode == 128 + 15
    assert list((tmp_path / "left").iterdir()) == []


def test_the_list_of_commands_has_their_help(say, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main(["--help"])
    assert caught.value.code == 0
    listed = capsys.readouterr().out
    assert "say-it" in listed
    assert "say something" in listed


@pytest.mark.parametrize("argv", [[], ["sing"]])
def test_bad_usage_is_status_2(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main(argv)
    assert caught.value.code == 2
    assert "usage: python -m nightjar" in capsys.readouterr().err


def test_help_does_not_wait_for_torch():
    """Nor does an unknown command."""
    code = (
        "import sys; from nightjar.__main__ import _parser; _parser(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
