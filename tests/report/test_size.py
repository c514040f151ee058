"""How large the index grows."""

from tests.helpers.reports import diagnosed, made_up, render

FEW, MORE, MANY = 50, 100, 500


def test_the_index_of_500_experiments_is_below_10_megabytes():
    """Each experiment adds the same, so that two sizes tell a third."""
    sizes = {}
    for count in (FEW, MORE):
        names = [f"experiment_{number:03}" for number in range(count)]
        found = {name: diagnosed(name) for name in names}
        text = render([made_up(name) for name in names], diagnoses=found)
        assert all(name in text for name in names)
        sizes[count] = len(text.encode())
    each = (sizes[MORE] - sizes[FEW]) / (MORE - FEW)
    assert sizes[MORE] + each * (MANY - MORE) < 10 * 2**20
