"""Settings that several tests begin with."""

from __future__ import annotations

from pathlib import Path

from bot.settings import Settings, load

ROOT = Path(__file__).parents[2]
GOOD_KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here
SERVED = {"HOST": EVERYWHERE}


def from_file(tmp_path: Path, text: str, **environ: str) -> Settings:
    file = tmp_path / "some.env"
    file.write_text(text, "utf-8")
    return load({"ENV_FILE": str(file), **environ})
