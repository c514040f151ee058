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
