"""What is being studied: protocol files, the typed objects that read them, and the design.

The contract of the project. It knows nothing of the systems, the web or the statistics.

>>> from study_design import PILOT, draw_schedule, load_protocol
>>> protocol = load_protocol(PILOT)
>>> schedule = draw_schedule(protocol, sequence=0, seed=1)
>>> len(schedule.rounds) == protocol.rounds
True
"""

from study_design.allocation import next_sequence
from study_design.documents import consent_text
from study_design.errors import DesignError, Problem, ProtocolError, ScheduleError
from study_design.hypotheses import (
    Contrast,
    Family,
    Hypothesis,
    families,
    familywise_error,
    testable,
)
from study_design.power import power_paired, smallest_effect
from study_design.protocol import NULL, PILOT, Protocol, load_protocol
from study_design.sequences import (
    Letters,
    RoundPlan,
    Schedule,
    draw_schedule,
    sequence_count,
)
from study_design.williams import williams_square

__all__ = [
    "NULL",
    "PILOT",
    "Contrast",
    "DesignError",
    "Family",
    "Hypothesis",
    "Letters",
    "Problem",
    "Protocol",
    "ProtocolError",
    "RoundPlan",
    "Schedule",
    "ScheduleError",
    "consent_text",
    "draw_schedule",
    "families",
    "familywise_error",
    "load_protocol",
    "next_sequence",
    "power_paired",
    "sequence_count",
    "smallest_effect",
    "testable",
    "williams_square",
]
