"""In which room an event would be told, so that no room waits for another; the newest of a status, found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was untold before is of no room, and is told with the others."""
    where = "where it would be told as it happened; null before that was kept"
    op.add_column("untold", sa.Column("room", sa.String(191), nullable=True, comment=where))
    op.create_index("ix_incidents_status_number", "incidents", ["status", "number"])
    op.drop_index("ix_incidents_status", "incidents")
    op.create_index("ix_untold_listener_room_event_id", "untold", ["listener", "room", "event_id"])
