"""The script in a browser: the values under the pointer are those that were measured, and a drag zooms."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from pipeline.report import pictures
from tests.helpers.reports import made_up

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PROBE = """
const svg = document.querySelector("svg.figure"), box = svg.getBoundingClientRect(), said = [];
const send = (kind, x) => svg.dispatchEvent(new PointerEvent(kind,
  {clientX: box.left + x * box.width, clientY: box.top + 90, pointerType: "mouse", button: 0, bubbles: true}));
const tip = () => [...document.querySelectorAll(".picture-tip div")].map(row => row.textContent).join("; ");
const axis = () => [...svg.querySelectorAll(".x text")].map(text => text.textContent).join(" ");
send("pointermove", .5); said.push(tip());
const before = axis();
send("pointerdown", .4); send("pointermove", .6); send("pointerup", .6); said.push(axis());
svg.dispatchEvent(new MouseEvent("dblclick")); said.push(axis() === before);
send("pointermove", .5);
svg.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"})); said.push(tip().split(";")[0]);
const out = document.createElement("pre"); out.id = "said"; out.textContent = said.join("|"); document.body.append(out);
"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_values_zoom_and_keys(tmp_path):
    one = made_up("a", noise=0.1, oracle=False)
    known = one["parts"]["test"]["drawn"]
    days = np.datetime64("2016-01-01") + 31 * np.arange(120)
    known["time"] = [str(day) for day in days]
    page = f"<!doctype html><style>{pictures.STYLE}</style><body style='width:500px'>{pictures.predictions(one).svg}"
    path = tmp_path / "page.html"
    path.write_text(f"{page}<script>{pictures.SCRIPT}</script><script>{PROBE}</script>", encoding="utf-8")
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.S)
    assert told, done.stdout[-500:]
    values, axis, back, next_time = told[1].split("|")
    time, *lines = values.split("; ")
    place = known["time"].index(time)
    found = dict(line.replace("−", "-").rsplit(" ", 1) for line in lines)
    assert float(found["truth"]) == pytest.approx(known["truth"][place], abs=0.005)
    assert float(found["network, seed 1"]) == pytest.approx(known["seeds"]["1"][place], abs=0.005)
    assert float(found["ridge"]) == pytest.approx(known["baselines"]["ridge"][place], abs=0.005)
    years = [float(text[:4]) for text in axis.split()]
    assert len(years) >= 2
    assert max(years) - min(years) < 3  # a fifth of ten years
    assert back == "true"
    assert next_time == known["time"][place + 1]


def test_the_script_loads_nothing_and_writes_no_markup():
    for word in ("http://www.w3.org/2000/svg",):
        assert pictures.SCRIPT.count("http") == pictures.SCRIPT.count(word)
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "import("):
        assert word not in pictures.SCRIPT
    assert "</script" not in pictures.SCRIPT
    assert len(pictures.SCRIPT) + len(pictures.STYLE) < 16_000
