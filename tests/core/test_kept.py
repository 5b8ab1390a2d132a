from qanat.core.kept import Kept


def test_what_is_asked_for_stays_however_much_comes() -> None:
    kept = Kept[str, int](most=8)
    kept.keep("often", 1)
    for number in range(100):
        kept.keep(f"once {number}", number)
        assert kept.get("often") == 1
    assert kept.get("once 99") == 99
    assert kept.get("once 1") is None


def test_no_more_than_the_bound_is_kept() -> None:
    kept = Kept[int, int](most=8)
    for number in range(100):
        kept.keep(number, number)
    found = [number for number in range(100) if kept.get(number) is not None]
    assert 4 <= len(found) <= 8
    assert max(found) == 99


def test_nothing_is_left_once_it_is_cleared() -> None:
    kept = Kept[int, int](most=2)
    kept.keep(1, 1)
    kept.keep(2, 2)
    kept.clear()
    assert (kept.get(1), kept.get(2)) == (None, None)
