"""The commands of a shell's text."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lint502.deployment.shell import (
    ShellSyntaxError,
    SimpleCommand,
    commands,
    expand,
    fields,
)


def words(command: SimpleCommand) -> list[str]:
    return [text for one in command.words for text in fields(one, {})]


def written(text: str) -> list[list[str]]:
    return [words(one) for one in commands(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a && b || c; d & e | f\ng", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("a 'b c' \"d  e\" f\\ g", [["a", "b c", "d  e", "f g"]]),
        ("a \\\n  b # c && d\ne#f", [["a", "b"], ["e#f"]]),
        ('a "b\\"c$" \'\' x""', [["a", 'b"c$', "", "x"]]),
        ("# nothing\n\n ", []),
        ("a &&\n\n  # why\n b", [["a"], ["b"]]),
        ("[[ a =~ ^(b|c)$ && d < e ]] && f", [["[["], ["f"]]),
        ("((i++)); f() { g; }; h", [["g"], ["h"]]),
        ("for i in a b; do c; done; (d; e)", [["c"], ["d"], ["e"]]),
        ("case x in\n a|b) c;;\n (*) d ;; esac; e", [["c"], ["d"], ["e"]]),
        ("case x in a) b\nesac\nc", [["b"], ["c"]]),
        ("if a; then b; elif c; then d; else e; fi; f", [[x] for x in "abcdef"]),
        ("function f { a; }\ng () (b)\nf", [["a"], ["b"], ["f"]]),
        ("cat <<A <<-'B' && x\n$y\nA\n\tz\n\tB\nw", [["cat"], ["x"], ["w"]]),
        ("echo fi done } then", [["echo", "fi", "done", "}", "then"]]),
        ("declare -A X=([a]=b [c]=d) && e; X+=(f)", [["declare", "-A", "X="], ["e"], []]),
        ("X=$(a # it's\n) b", [["b"]]),
        ("rm !(a|b) x@(c).d", [["rm", "!(a|b)", "x@(c).d"]]),
        ("X=(a b) c; ! d", [["c"], ["d"]]),
        ("a\r\nb\r\n", [["a"], ["b"]]),
    ],
)
def test_commands(text: str, expected: list[list[str]]) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a && b; c", ""),
        ("a || b; c", "b"),
        ("[ x ] && b && c; d", "bc"),
        ("! a && b; c", "b"),
        ("if a; then b; fi; c", "b"),
        ("if a; then b; else c; fi && d", "bc"),
        ("for i in 1; do b; done; c", "b"),
        ("while a; do b; done; c", "b"),
        ("case x in y) b;; esac; c", "b"),
        ("f() { b; }; f; c", "b"),
        ("a || { b; c; }; d", "bc"),
        ("(a; b); { c; }", ""),
        ("[ x ] && { b; } && c; d", "bc"),
        ("a && { b; } && c", ""),
        ("if a; then (b; { c; }); fi; d", "bc"),
    ],
)
def test_what_may_not_be_run(text: str, expected: str) -> None:
    assert "".join(words(one)[0] for one in commands(text) if one.conditional) == expected


def test_all_of_a_command() -> None:
    text = "a; P=1 Q='x y' exec -a n prog -x < in 2>> out.log >f &&\nz"
    _, run, last = commands(text)
    assert [(name, expand(value, {})) for name, value in run.assignments] == [
        ("P", "1"), ("Q", "x y"),
    ]  # fmt: skip
    assert (words(run), run.replaces, run.start, run.before) == (["prog", "-x"], True, 3, ";")
    assert [(one.operator, one.target.literal, one.descriptor) for one in run.redirections] == [
        ("<", "in", None), (">>", "out.log", 2), (">", "f", None),
    ]  # fmt: skip
    assert (last.before, last.replaces, text[last.start :]) == ("&&", False, "z")


def test_functions_and_subshells() -> None:
    found = commands("f() { (a); b; }; (c; (d)); e")
    assert [one.function for one in found] == ["f", "f", None, None, None]
    assert [len(one.subshells) for one in found] == [1, 0, 1, 2, 0]
    assert found[2].subshells[0] == found[3].subshells[0]


def test_heredocs() -> None:
    found = commands("cat > /a <<A\nx $Y\nA\ncat <<'B' > /b\nx $Y\nB\ncat <<-C\n\tz\n\tC\n")
    bodies = [one.body for command in found for one in command.redirections if one.body]
    assert [expand(one, {"Y": "1"}) for one in bodies] == ["x 1\n", "x $Y\n", "z\n"]
    (_, target), (_, _) = found[0].redirections[::-1], found[1].redirections
    assert target.target.literal == "/a"


def test_what_a_loop_writes() -> None:
    (inner, whole) = commands("for i in a; do echo $i; done > /out")
    assert (inner.compound, inner.redirections) == (False, ())
    assert inner.start > whole.start
    assert (whole.compound, whole.words, whole.redirections[0].target.literal) == (True, (), "/out")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a 'b", "has a quote that is not closed"),
        ('a "b', "has a quote that is not closed"),
        ("a $(b", "has something that no ) ends"),
        ("a ${b:-c", "has something that no } ends"),
        ("a `b", "has something that no ` ends"),
        ("if a; then b", "has an if that nothing ends"),
        ("a; fi", "ends an if that nothing begins"),
        ("a )", "ends a ( that nothing begins"),
        ("then a", "has a then of nothing"),
        ("cat <<E\na\n", "has a heredoc that no 'E' ends"),
        ("cat <<E", "has a heredoc that no 'E' ends"),
        ("a >", "has a > without a file"),
        ("a <<(b", "has a < where none can stand"),
        ("a (b)", "has a ( where none can stand"),
        ("a;; b", "has ;; outside of a case"),
        ("{ " * 300, "is nested more than 200 deep"),
        ("a;" * 60_000, "has more than 50000 commands"),
        ("[[ a ", "has a [[ that nothing ends"),
    ],
)
def test_what_no_shell_reads(text: str, why: str) -> None:
    with pytest.raises(ShellSyntaxError) as error:
        commands(text)
    assert str(error.value) == why


@given(st.text(alphabet="ab '\"\\$(){}`;&|<>\n=#![]-:*E", max_size=40))
@example("<<(")
@example("${a:-" * 30)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = commands(text)
    except ShellSyntaxError:
        return
    assert all(0 <= one.start <= len(text) for one in found)


@given(st.text(alphabet="ab '\"\\;\n|#\t", max_size=30))
def test_words_are_those_of_a_real_shell(text: str) -> None:
    """What dash does with quotes, blanks and comments."""
    script = f"show() {{ printf '<%s>' \"$@\"; echo .; }}\nshow {text}\n"
    real = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=10)
    try:
        found = commands(f"show {text}\n")
    except ShellSyntaxError:
        assert real.returncode
        return
    first = next(one for one in found if words(one)[:1] == ["show"])
    if real.returncode == 0 and first.before == ";" and "|" not in text:
        shown = "".join(f"<{one}>" for one in words(first)[1:]) or "<>"
        assert real.stdout.startswith(shown + ".\n")


TOKENS = st.lists(
    st.sampled_from(
        ["a", "b=c", "'d e'", '"$f"', "$(g)", "`h`", "${i:-j}", "&&", "||", "|", ";", "&", "\n",
         "(", ")", "{", "}", "if", "then", "else", "elif", "fi", "for x in", "while", "do", "done",
         "case", "in", "esac", ";;", "!", "f()", "> k", "2>&1", "<<E\nl\nE\n", "# m\n", "exec"]
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(TOKENS)
@example(["if", "a", "\n", "then", "(", "b", ")", "\n", "fi", "|", "a"])
@example(["case", "a", "in", "(", "a", ")", "b", ";;", "a", ")", "\n", "esac"])
@example(["f()", "{", "a", "\n", "}", "> k", "\n", "{", "a", ";", "}", "&&", "a"])
@example(["for x in", "a", ";", "do", "\n", "a", "&", "done", "> k", "<<E\nl\nE\n"])
def test_what_a_real_shell_takes_is_read(tokens: list[str]) -> None:
    text = " ".join(tokens)
    real = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, timeout=10)
    if real.returncode == 0:
        commands(text)
