"""What every page shares."""

import base64
import hashlib
import re

from pipeline.report import markdown, templates
from tests.helpers.reports import diagnosed, made_up, render, render_page, visible_text


def test_the_policy_allows_the_script_of_the_page_and_no_other():
    text = render_page(made_up("a"))
    script = re.search(r"<script>(.*?)</script>", text, flags=re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_code_and_names_are_escaped():
    assert templates.code("`a<b>` <i>") == "<code>a&lt;b&gt;</code> &lt;i&gt;"
    assert templates.breakable("a_<b>") == "a_<wbr>&lt;b&gt;"


def test_marks_that_act_on_the_text_around_them_are_written_out():
    hostile = "load\u202e\x1b[2J"
    assert templates.code(f"`{hostile}`") == "<code>load\\u202e\\x1b[2J</code>"
    assert templates.breakable(hostile) == "load\\u202e\\x1b[2J"
    one = made_up("a")
    one["settings"]["series"] = {"source": "data/own/a.csv", "target": hostile}
    one["target"]["column"] = hostile
    found = diagnosed("a", "behind")
    found["findings"][0]["evidence"] = {"column": hostile}
    for text in (render_page(one, found), markdown.escaped(hostile)):
        assert not {"\u202e", "\x1b"} & set(text)
        assert "load\\u202e" in text or "load\\\\u202e" in text


def test_the_version_of_a_backend_is_shown_where_it_is_used():
    of = {backend: {name for name, _ in templates.versions({backend})} for backend in ("tensorflow", "jax")}
    assert of["jax"] - of["tensorflow"] == {"jax"}
    assert of["tensorflow"] - of["jax"] == {"tensorflow"}
    assert "keras" in of["jax"] & of["tensorflow"]
    page = visible_text(render_page(made_up("a", backend="jax")))
    assert re.search(r" jax [0-9]+[.]", page)
    assert not re.search(r" tensorflow [0-9]+[.]", page)
    index = visible_text(render([made_up("a", backend="jax"), made_up("b")]))
    assert re.search(r" tensorflow [0-9]+[.].* jax [0-9]+[.]", index)
