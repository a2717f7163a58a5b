"""What the program is for and not for, as a user accepts it before the window can be used."""

import hashlib

from rostfine_core.marking import marked

STATEMENT = (
    marked(
        "RoSTFine Assist is a second opinion for trained embryologists: it estimates how a panel "
        "of experts would vote on single sperm, from A (best) to E (worst)."
    ),
    marked("The grade is an AI quality grade, not a WHO motility grade (a-d)."),
    marked(
        "The bundled model is a demonstration, trained on simulated sperm: its answers about real "
        "videos mean nothing, and it is not for clinical use."
    ),
    marked(
        "No treatment may be based on a model that your laboratory has not validated on its own "
        "patients; your legal requirements for diagnostic software apply."
    ),
    marked(
        "Results say only what a panel would probably vote. Look at the track and at the reasons "
        "for caution of each sperm before you use its grade."
    ),
    marked("Attention shows where the network looked; it is not the cause of the grade."),
)


def statement_id() -> str:
    """Identifies the statement by its English words: another wording is accepted anew."""
    return hashlib.sha256("\n".join(STATEMENT).encode()).hexdigest()[:12]
