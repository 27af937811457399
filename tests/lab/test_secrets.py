"""What a proof shows of values that templates were given."""

from __future__ import annotations

from lint502.lab.secrets import masked

CONFIGURATION = """\
http {
    server {
        location /api/ {
            proxy_set_header X-Key "Bearer s3cret";
            proxy_set_header Host api;
            proxy_set_header X-Short "a \\"q\\" apis";
            fastcgi_param KEY s3cret;
            set $key s3cret2;
            proxy_read_timeout 60s;
            proxy_pass http://api;
        }
    }
}
"""


def test_headers_and_parameters_show_names() -> None:
    values = [("S", "s3cret"), ("API", "api"), ("Q", 'a "q"'), ("L", "s3cret2"), ("T", "60s")]
    shown = CONFIGURATION
    for before, after in (
        ('"Bearer s3cret"', '"Bearer ${S}"'),
        ('"a \\"q\\" apis"', '"${Q} ${API}s"'),
        ("KEY s3cret", "KEY ${S}"),
        ("s3cret2", "${L}"),
    ):
        shown = shown.replace(before, after)
    assert masked(CONFIGURATION, values) == shown


def test_a_value_of_several_lines() -> None:
    text = "a;\n    b;\n        c;"
    assert masked("x;\n" + text + "\ny;", [("B", text)]) == "x;\n${B}\ny;"


def test_nothing_to_hide() -> None:
    assert masked(CONFIGURATION, []) == CONFIGURATION
    assert masked(CONFIGURATION, [("EMPTY", "")]) == CONFIGURATION
