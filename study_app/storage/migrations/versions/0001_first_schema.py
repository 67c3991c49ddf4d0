"""The first schema: participants, rounds, texts, ratings, states, and the event log.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    head = op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("participant", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_kind", "event", ["kind"], unique=False)
    op.create_index("ix_event_participant", "event", ["participant"], unique=False)
    op.create_table(
        "protocol",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_protocol")),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("protocol_hash", sa.String(length=64), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("enrolled_at", sa.String(), nullable=False),
        sa.Column("seen_at", sa.String(), nullable=False),
        sa.Column("completed_at", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["protocol_hash"], ["protocol.hash"], name=op.f("fk_participant_protocol_hash")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
    )
    op.create_index("ix_participant_status", "participant", ["status"], unique=False)
    op.create_table(
        "answer",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_answer_participant")
        ),
        sa.PrimaryKeyConstraint("participant", "page", "question", name=op.f("pk_answer")),
    )
    op.create_table(
        "deviation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("arm", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_deviation_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deviation")),
    )
    op.create_index("ix_deviation_participant", "deviation", ["participant"], unique=False)
    op.create_table(
        "recruitment",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_recruitment_participant")
        ),
        sa.PrimaryKeyConstraint("participant", "name", name=op.f("pk_recruitment")),
    )
    op.create_index("ix_recruitment_name_digest", "recruitment", ["name", "digest"], unique=False)
    op.create_table(
        "round",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("opened_at", sa.String(), nullable=False),
        sa.Column("committed_at", sa.String(), nullable=True),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_round_participant")
        ),
        sa.PrimaryKeyConstraint("participant", "round", name=op.f("pk_round")),
        sa.UniqueConstraint("nonce", name=op.f("uq_round_nonce")),
    )
    op.create_table(
        "state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["parent"], ["state.id"], name=op.f("fk_state_parent")),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_state_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state")),
        sa.UniqueConstraint(
            "participant", "arm", "round", name=op.f("uq_state_participant_arm_round")
        ),
    )
    op.create_index("ix_state_participant", "state", ["participant"], unique=False)
    op.create_table(
        "timing",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_timing_participant")
        ),
        sa.PrimaryKeyConstraint("participant", "page", "round", name=op.f("pk_timing")),
    )
    op.create_table(
        "text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.String(), nullable=False),
        sa.Column("shown_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_text_participant")
        ),
        sa.ForeignKeyConstraint(["state"], ["state.id"], name=op.f("fk_text_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text")),
        sa.UniqueConstraint(
            "participant", "round", "arm", name=op.f("uq_text_participant_round_arm")
        ),
        sa.UniqueConstraint(
            "participant", "round", "slot", name=op.f("uq_text_participant_round_slot")
        ),
    )
    op.create_index("ix_text_participant", "text", ["participant"], unique=False)
    op.create_table(
        "rating",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("text", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["participant.id"], name=op.f("fk_rating_participant")
        ),
        sa.ForeignKeyConstraint(["text"], ["text.id"], name=op.f("fk_rating_text")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
        sa.UniqueConstraint(
            "participant",
            "round",
            "slot",
            "item",
            name=op.f("uq_rating_participant_round_slot_item"),
        ),
    )
    op.create_index("ix_rating_participant", "rating", ["participant"], unique=False)
    op.create_table(
        "state_rating",
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["rating"], ["rating.id"], name=op.f("fk_state_rating_rating")),
        sa.ForeignKeyConstraint(["state"], ["state.id"], name=op.f("fk_state_rating_state")),
        sa.PrimaryKeyConstraint("state", "rating", name=op.f("pk_state_rating")),
    )
    op.bulk_insert(head, [{"id": 1, "count": 0, "hash": "0" * 64}])


def downgrade() -> None:
    op.drop_table("state_rating")
    op.drop_index("ix_rating_participant", table_name="rating")
    op.drop_table("rating")
    op.drop_index("ix_text_participant", table_name="text")
    op.drop_table("text")
    op.drop_table("timing")
    op.drop_index("ix_state_participant", table_name="state")
    op.drop_table("state")
    op.drop_table("round")
    op.drop_index("ix_recruitment_name_digest", table_name="recruitment")
    op.drop_table("recruitment")
    op.drop_index("ix_deviation_participant", table_name="deviation")
    op.drop_table("deviation")
    op.drop_table("answer")
    op.drop_index("ix_participant_status", table_name="participant")
    op.drop_table("participant")
    op.drop_table("protocol")
    op.drop_index("ix_event_participant", table_name="event")
    op.drop_index("ix_event_kind", table_name="event")
    op.drop_table("event")
    op.drop_table("chain_head")
