"""What several processes do at once to one home."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from ce_tracker.home import Home

AT_ONCE = 8


def test_those_who_come_first_together_find_one_set_of_keys(tmp_path: Path) -> None:
    for turn in range(20):
        home = Home(tmp_path / str(turn))
        home.prepare()
        start = Barrier(AT_ONCE)

        def come(home: Home = home, start: Barrier = start) -> tuple[str, str]:
            start.wait()
            return str(home.keys()), home.owner_password()

        with ThreadPoolExecutor(AT_ONCE) as crowd:
            found = {each.result() for each in [crowd.submit(come) for _ in range(AT_ONCE)]}
        assert len(found) == 1
        assert sorted(entry.name for entry in home.path.iterdir()) == ["keys", "owner-password"]


def test_what_a_home_keeps_is_ours_alone_to_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.keep_keys(home.keys())
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
