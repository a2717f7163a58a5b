"""Attaches a file to a PDF."""

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFName,
    PDFStream,
    PDFString,
    PDFZCompress,
)
from reportlab.pdfgen.canvas import Canvas


def attach(canvas: Canvas, name: str, data: bytes) -> None:
    """Attach a JSON file to the PDF that is being written (ISO 32000-1, 7.11.4)."""
    document = canvas._doc  # type: ignore[attr-defined]  # there is no public way to attach a file
    facts = PDFDictionary(
        {
            "Type": PDFName("EmbeddedFile"),
            "Subtype": "/application#2Fjson",  # PDFName does not escape a slash
            "Params": PDFDictionary({"Size": len(data)}),
        }
    )
    file = document.Reference(PDFStream(facts, content=data, filters=[PDFZCompress]))
    entry = PDFDictionary(
        {
            "Type": PDFName("Filespec"),
            "F": PDFString(name),
            "UF": PDFString(name),
            "EF": PDFDictionary({"F": file}),
        }
    )
    names = PDFArray([PDFString(name), document.Reference(entry)])
    document.Catalog.Names = PDFDictionary({"EmbeddedFiles": PDFDictionary({"Names": names})})
