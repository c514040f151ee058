"""`python -m tools.plots_page`: the page that `dvc plots` fills, with its drawing library inside.

DVC's own page loads Vega from a network address. This one carries it, taken from the installed `vl-convert-python`, so
that it opens anywhere; `.dvc/config` names it. It is made when the environment is set up, for 0.9 MB of somebody
else's code have no place in git.
"""

from __future__ import annotations

from pathlib import Path

PAGE = Path(".dvc/plots/page.html")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
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
body {font-family: system-ui, sans-serif; margin: 1.5rem; display: flex; flex-wrap: wrap; gap: 1rem 2rem}
</style>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def page() -> str:
    """The text of the page: DVC replaces `{plot_divs}` and `{refresh_tag}` in it."""
    import vl_convert

    # These words would end the script element, wherever they stand.
    return _PAGE % vl_convert.javascript_bundle().replace("</script", "<\\/script")


def main() -> None:
    from pipeline.common import files

    with files.whole(PAGE) as beside:
        beside.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
