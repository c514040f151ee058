"""`python -m tools.plots_page`: write the page that `dvc plots` fills, with its drawing library inside.

DVC's own page loads Vega from a network address. This one carries the copy of Vega in `vl-convert-python`, so that it
opens offline; `.dvc/config` names it. `make environment` writes it, because 0.9 MB of third-party code do not belong
in git.
"""

from __future__ import annotations

from pathlib import Path

PAGE = Path(".dvc/plots/page.html")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh_tag}
<title>Plots of the experiments</title>
<script>
%s
</script>
<script>
const draw = window.vegaEmbed;
window.vegaEmbed = (at, spec) => draw(at, spec, {actions: false, renderer: "svg"});
</script>
<style>
body {font-family: system-ui, sans-serif; line-height: 1.45; margin: 1rem}
header {max-width: 60rem}
h1 {font-size: 1.5rem; margin: 0}
dl {display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .7rem 0 1.5rem}
dt {font-weight: 600}
dd {margin: 0}
@media (max-width: 40rem) {dl {display: block} dd {margin-bottom: .5rem}}
main {display: flex; flex-wrap: wrap; gap: 1rem}
main > div {max-width: 100%%; overflow-x: auto}
main > div:not(:has(svg)) {display: none}
</style>
</head>
<body>
<header>
<h1>Plots of the experiments</h1>
<p>Windows are those of the validation part, or of the training part without one; a colour is a revision (rev).</p>
<dl>
<dt>Loss per epoch</dt><dd>A line per seed and fold. A plot without lines is of a loss that is NaN.</dd>
<dt>Predictions against truth</dt><dd>Points on the dashed line are right.</dd>
<dt>Calibration</dt><dd>Of windows with a similar forecast, the mean forecast and what came true. The dashed line is
perfect; a flatter line is of forecasts that are too sure.</dd>
<dt>Confusion</dt><dd>The share of all windows by true and predicted class; of values, by low, middle and high third.
The diagonal is right.</dd>
</dl>
</header>
<main>
{plot_divs}
</main>
</body>
</html>
"""


def page() -> str:
    """Return the text of the page, in which DVC replaces `{plot_divs}` and `{refresh_tag}`."""
    import vl_convert

    # `</script` would end the element, even inside a string.
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # the stub misses its default
    return _PAGE % bundle.replace("</script", "<\\/script")


def main() -> None:
    """Write the page."""
    from pipeline.common import files

    with files.atomic_write(PAGE) as beside:
        beside.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
