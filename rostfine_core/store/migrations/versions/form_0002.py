"""An item of a panel names the assessment whose clip it shows."""

from alembic import op

revision = "0002"
down_revision = "0001"

COLUMN = (
    "ALTER TABLE panel_item ADD COLUMN assessment_id VARCHAR(32) "
    "CONSTRAINT fk_panel_item_assessment_id REFERENCES assessment (id)"
)
"""Alembic would make the table anew on SQLite, which votes refer to."""
NEWEST = """
UPDATE panel_item SET assessment_id = (
    SELECT a.id FROM assessment a WHERE a.sperm_id = panel_item.sperm_id
    ORDER BY a.created_utc DESC, a.id LIMIT 1
)
WHERE NOT EXISTS (
    SELECT 1 FROM vote v
    JOIN panel_item voted ON voted.id = v.panel_item_id
    JOIN assessment a ON a.sperm_id = voted.sperm_id
    WHERE voted.panel_id = panel_item.panel_id AND voted.sperm_id = panel_item.sperm_id
    AND a.created_utc >= v.created_utc
)
"""
"""The newest was shown; of a sperm that was graded after a vote, nobody knows which one was."""


def upgrade() -> None:
    """Change the tables."""
    op.execute(COLUMN)
    op.create_index(
        op.f("ix_panel_item_assessment_id"), "panel_item", ["assessment_id"], unique=False
    )
    op.execute(NEWEST)
