"""The tables of the first form."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("utc", sa.String(length=32), nullable=False),
        sa.Column("local_offset_minutes", sa.Integer(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_subject_kind_subject_id"),
            ["subject_kind", "subject_id"],
            unique=False,
        )

    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "operator",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("passphrase_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until_utc", sa.String(length=32), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator")),
        sa.UniqueConstraint("login", name=op.f("uq_operator_login")),
    )
    op.create_table(
        "panel",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grades", sa.String(length=8), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel")),
    )
    op.create_table(
        "patient",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_patient_pseudonym")),
    )
    op.create_table(
        "sample",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("collected_utc", sa.String(length=32), nullable=False),
        sa.Column("analysed_utc", sa.String(length=32), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("temperature_c", sa.Double(), nullable=True),
        sa.Column("abstinence_days", sa.Double(), nullable=True),
        sa.Column("who_values", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_sample_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
    )
    with op.batch_alter_table("sample", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sample_patient_id"), ["patient_id"], unique=False)

    op.create_table(
        "report",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sample_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("amends", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("signed_utc", sa.String(length=32), nullable=False),
        sa.Column("signed_offset_minutes", sa.Integer(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name=op.f("fk_report_sample_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("sample_id", "version", name=op.f("uq_report_sample_id_version")),
    )
    op.create_table(
        "video",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sample_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("fps", sa.Double(), nullable=True),
        sa.Column("um_per_px", sa.Double(), nullable=True),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("selected_key", sa.Integer(), nullable=True),
        sa.Column("history_position", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.Column("opened_utc", sa.String(length=32), nullable=False),
        sa.Column("info", sa.LargeBinary(), nullable=True),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name=op.f("fk_video_sample_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video")),
        sa.UniqueConstraint("sample_id", "number", name=op.f("uq_video_sample_id_number")),
        sa.UniqueConstraint("sha256", "choice", name=op.f("uq_video_sha256_choice")),
    )
    with op.batch_alter_table("video", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_video_opened_utc"), ["opened_utc"], unique=False)

    op.create_table(
        "edit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("merge", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["video.id"], name=op.f("fk_edit_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edit")),
        sa.UniqueConstraint("video_id", "number", name=op.f("uq_edit_video_id_number")),
    )
    op.create_table(
        "report_video",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_report_video_report_id")
        ),
        sa.ForeignKeyConstraint(["video_id"], ["video.id"], name=op.f("fk_report_video_video_id")),
        sa.PrimaryKeyConstraint("report_id", "video_id", name=op.f("pk_report_video")),
    )
    with op.batch_alter_table("report_video", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_video_video_id"), ["video_id"], unique=False)

    op.create_table(
        "sperm",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("selection", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["video.id"], name=op.f("fk_sperm_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sperm")),
        sa.UniqueConstraint("video_id", "key", name=op.f("uq_sperm_video_id_key")),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sperm_id", sa.String(length=32), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("fps", sa.Double(), nullable=True),
        sa.Column("um_per_px", sa.Double(), nullable=True),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("p_a_or_b", sa.Double(), nullable=False),
        sa.Column("expected_grade", sa.Double(), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.Column("images", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["sperm_id"], ["sperm.id"], name=op.f("fk_assessment_sperm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint(
            "sperm_id", "inputs_sha256", name=op.f("uq_assessment_sperm_id_inputs_sha256")
        ),
    )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assessment_model_sha256"), ["model_sha256"], unique=False
        )

    op.create_table(
        "click",
        sa.Column("sperm_id", sa.String(length=32), nullable=False),
        sa.Column("frame", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("x_px", sa.Double(), nullable=False),
        sa.Column("y_px", sa.Double(), nullable=False),
        sa.Column("is_exact", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sperm_id"], ["sperm.id"], name=op.f("fk_click_sperm_id")),
        sa.PrimaryKeyConstraint("sperm_id", "frame", name=op.f("pk_click")),
    )
    op.create_table(
        "panel_item",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("panel_id", sa.String(length=32), nullable=False),
        sa.Column("sperm_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("is_repeat", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_panel_item_panel_id")),
        sa.ForeignKeyConstraint(["sperm_id"], ["sperm.id"], name=op.f("fk_panel_item_sperm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_item")),
        sa.UniqueConstraint("panel_id", "place", name=op.f("uq_panel_item_panel_id_place")),
    )
    with op.batch_alter_table("panel_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_panel_item_sperm_id"), ["sperm_id"], unique=False)

    op.create_table(
        "rejection",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sperm_id", sa.String(length=32), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sperm_id"], ["sperm.id"], name=op.f("fk_rejection_sperm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejection")),
        sa.UniqueConstraint(
            "sperm_id", "inputs_sha256", name=op.f("uq_rejection_sperm_id_inputs_sha256")
        ),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sperm_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name=op.f("fk_review_operator_id")
        ),
        sa.ForeignKeyConstraint(["sperm_id"], ["sperm.id"], name=op.f("fk_review_sperm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_operator_id"), ["operator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_review_sperm_id"), ["sperm_id"], unique=False)

    op.create_table(
        "track",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sperm_id", sa.String(length=32), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("fps", sa.Double(), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sperm_id"], ["sperm.id"], name=op.f("fk_track_sperm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track")),
        sa.UniqueConstraint(
            "sperm_id", "inputs_sha256", name=op.f("uq_track_sperm_id_inputs_sha256")
        ),
    )
    op.create_table(
        "vote",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("panel_item_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("created_utc", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"], name=op.f("fk_vote_operator_id")),
        sa.ForeignKeyConstraint(
            ["panel_item_id"], ["panel_item.id"], name=op.f("fk_vote_panel_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote")),
        sa.UniqueConstraint(
            "panel_item_id", "operator_id", name=op.f("uq_vote_panel_item_id_operator_id")
        ),
    )
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vote_operator_id"), ["operator_id"], unique=False)
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


GUARDS = {
    "sqlite": (
        "CREATE TRIGGER audit_insert BEFORE INSERT ON audit "
        "WHEN EXISTS (SELECT 1 FROM audit WHERE number >= NEW.number) "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is kept as it is'); END",
        "CREATE TRIGGER audit_update BEFORE UPDATE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is kept as it is'); END",
        "CREATE TRIGGER audit_delete BEFORE DELETE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is kept as it is'); END",
        "CREATE TRIGGER report_update BEFORE UPDATE ON report WHEN OLD.signed_by <> '' "
        "BEGIN SELECT RAISE(ABORT, 'a signed report is kept as it is'); END",
        "CREATE TRIGGER report_delete BEFORE DELETE ON report WHEN OLD.signed_by <> '' "
        "BEGIN SELECT RAISE(ABORT, 'a signed report is kept as it is'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION rostfine_keep() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || '' is kept as it is''; END'",
        "CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION rostfine_keep()",
        "CREATE TRIGGER audit_kept_whole BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION rostfine_keep()",
        "CREATE TRIGGER report_kept BEFORE UPDATE OR DELETE ON report "
        "FOR EACH ROW WHEN (OLD.signed_by <> '') EXECUTE FUNCTION rostfine_keep()",
    ),
}
"""Triggers that refuse to change what must stay: entries of the trail, and signed reports.

A step that makes one of these tables anew on SQLite (``batch_alter_table``) loses its triggers and
makes them again.
"""
