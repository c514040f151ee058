"""What every page shares."""

import base64
import hashlib
import re

from pipeline.report import templates
from tests.helpers.reports import made_up, render_page


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
