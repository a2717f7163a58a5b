"""A blind review names the assessment whose clip was shown."""

from alembic import op

revision = "0003"
down_revision = "0002"

COLUMN = (
    "ALTER TABLE review ADD COLUMN assessment_id VARCHAR(32) "
    "CONSTRAINT fk_review_assessment_id REFERENCES assessment (id)"
)
"""In one statement, which Alembic would make a new table of on SQLite."""
NEWEST = """
UPDATE review SET assessment_id = (
    SELECT a.id FROM assessment a WHERE a.sperm_id = review.sperm_id
    ORDER BY a.created_utc DESC, a.id LIMIT 1
)
WHERE NOT EXISTS (
    SELECT 1 FROM assessment a
    WHERE a.sperm_id = review.sperm_id AND a.created_utc >= review.created_utc
)
"""
"""The newest was shown; of a sperm that was graded after its review, nobody knows which one was."""


def upgrade() -> None:
    """Change the tables."""
    op.execute(COLUMN)
    op.create_index(op.f("ix_review_assessment_id"), "review", ["assessment_id"], unique=False)
    op.execute(NEWEST)
