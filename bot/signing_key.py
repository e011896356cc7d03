"""The key that signs sessions. On one's own machine it is made and kept, so that they survive a restart."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from bot.dangers import SHORTEST_KEY, refuse_dangers, weakness
from bot.settings import Settings
from engine.errors import Misconfigured

FILE = "secret.key"


def signing_key(settings: Settings) -> str:
    """SECRET_KEY if it is a good one; else, where only this machine can reach us, a random one that is kept.

    Raises Misconfigured where others can reach us with a weak key, and where the kept key cannot be read or written.
    """
    if not weakness(settings):
        return settings.secret_key.get_secret_value()
    refuse_dangers(settings)
    return _kept(key_file(settings))


def key_file(settings: Settings) -> Path:
    return settings.data_folder / FILE


def _kept(file: Path) -> str:
    try:
        if not file.exists():
            keep(file, secrets.token_urlsafe(48))
        key, everybody = file.read_text("ascii").strip(), file.stat().st_mode & stat.S_IROTH
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise Misconfigured(f"The signing key cannot be kept in {file}: {why}. Set SECRET_KEY instead.") from error
    if everybody:  # whoever has read it can sign in as anybody
        raise Misconfigured(
            f"Everybody on this machine can read the signing key in {file}. Delete it, or set SECRET_KEY."
        )
    if len(key) < SHORTEST_KEY:
        raise Misconfigured(f"The signing key in {file} is damaged. Delete the file; everybody signs in once more.")
    return key


def keep(file: Path, key: str) -> None:
    """Whole or not at all, and never over another: of two programs that start at once, one key wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
            writing.write(f"{key}\n")
            writing.flush()
            os.fsync(writing.fileno())
        os.link(draft, file)
    except FileExistsError:
        return  # somebody else was first; theirs is read
    finally:
        draft.unlink(missing_ok=True)
