"""The verbs for reports: on a sample of the store, and whether a PDF is whole."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.attention import COLOUR_MAPS, DEFAULT_PAINT, Paint
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.cli.arguments import Verbs, count
from rostfine_core.cli.passphrases import passphrase
from rostfine_core.cli.progress import run_job
from rostfine_core.cli.results import cases_of
from rostfine_core.cli.stores import add_store_options, opened_store, typed_passphrase
from rostfine_core.domain import Meaning
from rostfine_core.errors import StoreError

if TYPE_CHECKING:
    from rostfine_core.report import ReportStyle
    from rostfine_core.report.seal import Certificate

CERTIFICATE_VARIABLE = "ROSTFINE_CERTIFICATE_PASSPHRASE"
"""The environment variable that holds the certificate's passphrase where none can be typed."""


def add_report_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
    report = verbs.add_parser(
        "report",
        help="write the report on a sample of the store, over all its videos",
        description="Writes the next version of a sample's report, which the store keeps. It is a "
        "draft unless it is signed at once. With --version, writes an earlier one as it is kept.",
    )
    report.add_argument(
        "sample", metavar="SAMPLE", nargs="+", help="the sample's name, or words that name it"
    )
    add_store_options(report)
    report.add_argument("--out", type=Path, required=True, help="folder for the report")
    report.add_argument("--overwrite", action="store_true", help="replace a draft in the folder")
    report.add_argument("--amends", metavar="REASON", help="why a signed report is amended")
    report.add_argument(
        "--sign",
        choices=[m.value for m in Meaning],
        help="sign it with this meaning; the passphrase is asked for again",
    )
    report.add_argument(
        "--version",
        type=count,
        metavar="N",
        help="take version N out of the store as it is kept, instead of writing the next one",
    )
    add_style_options(report)
    add_certificate_option(report)
    report.set_defaults(run=_report, wrong_use=report.error)
    checked = verbs.add_parser(
        "check-report",
        help="check that a PDF report, its attached results and its seal belong together",
        description="The exit status is 1 if a page does not state the hash of the attached "
        "results, or if the PDF was changed after it was sealed.",
    )
    checked.add_argument("report", type=Path, metavar="REPORT.pdf")
    checked.set_defaults(run=_check_report)


def add_style_options(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told how its report is to look."""
    parser.add_argument(
        "--colour-map",
        choices=COLOUR_MAPS,
        default=DEFAULT_PAINT.colour_map,
        help="colours of attention in the report (default %(default)s)",
    )
    parser.add_argument(
        "--language",
        choices=LANGUAGES,
        default=LANGUAGES[0],
        help="language of PDF and pictures (default %(default)s)",
    )


def chosen_style(arguments: argparse.Namespace) -> "ReportStyle":
    """How the report is to look."""
    from rostfine_core.report import ReportStyle

    return ReportStyle(paint=Paint(colour_map=arguments.colour_map), language=arguments.language)


def add_certificate_option(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told the certificate that seals its report."""
    parser.add_argument(
        "--certificate",
        type=Path,
        metavar="FILE.p12",
        help="seal the PDF with this certificate (PKCS#12); its passphrase is asked for, or taken "
        f"from {CERTIFICATE_VARIABLE}",
    )


def opened_certificate(path: Path | None) -> "Certificate | None":
    """Open the certificate, before anything is computed.

    Raises:
        StoreError: it cannot be opened, or is not valid now.
    """
    if path is None:
        return None
    from rostfine_core.report.seal import load_certificate

    words = passphrase(f"Passphrase of {path.name}: ", variable=CERTIFICATE_VARIABLE)
    return load_certificate(path, passphrase=words)


def _report(arguments: argparse.Namespace) -> int:
    if arguments.version is not None:
        return _take_out(arguments)
    from rostfine_core.store.signing import amendment
    from rostfine_core.stored_reports import Printing, keep_report, sign_kept_report

    printing = Printing(
        style=chosen_style(arguments), certificate=opened_certificate(arguments.certificate)
    )
    with opened_store(arguments) as store:
        sample = cases_of(store, arguments.sample)[0].sample_id
        identity = None
        if arguments.amends is not None:
            versions = store.reports(sample)
            if not versions:
                raise StoreError(
                    "The sample has no report that could be amended: leave --amends out."
                )
            identity = amendment(store, versions[-1].id, reason=arguments.amends)
        run_job(
            keep_report(
                store,
                sample,
                arguments.out,
                identity=identity,
                printing=printing,
                overwrite=arguments.overwrite,
            )
        )
        kept = store.reports(sample)[-1]
        if arguments.sign is not None:
            run_job(
                sign_kept_report(
                    store,
                    kept,
                    passphrase=typed_passphrase("Passphrase, to sign: "),
                    meaning=Meaning(arguments.sign),
                    printing=printing,
                )
            )
    state = "draft" if arguments.sign is None else "signed"
    print(f"Version {kept.identity.version} of the report, {state}: {arguments.out}")
    return 0


def _take_out(arguments: argparse.Namespace) -> int:
    from rostfine_core.stored_reports import take_out_report

    changing = ("amends", "sign", "certificate", "overwrite")
    if any(getattr(arguments, name) for name in changing):
        arguments.wrong_use("--version writes a report as it is kept: only --out goes with it")
    with opened_store(arguments) as store:
        sample = cases_of(store, arguments.sample)[0].sample_id
        versions = {r.identity.version: r for r in store.reports(sample)}
        if arguments.version not in versions:
            raise StoreError(
                f"The store has no version {arguments.version} of this report, but "
                f"{', '.join(map(str, versions)) or 'none'}: name one of those."
            )
        take_out_report(store, versions[arguments.version], arguments.out)
    print(f"Version {arguments.version} of the report, as it is kept: {arguments.out}")
    return 0


def _check_report(arguments: argparse.Namespace) -> int:
    from rostfine_core.report.verification import check_report

    found = check_report(arguments.report)
    print(
        f"The attached results have the SHA-256 that all {found.pages} pages state: "
        f"{found.content_sha256}"
    )
    if found.seal is None:
        print("Not sealed with a certificate: results and pages could have been changed together.")
    else:
        print(f"Unchanged since it was sealed with the certificate of {found.seal.holder}.")
    return 0
